#!/usr/bin/env python3
"""Prints the table of docs/quality.md: a release of each network of the shared material, and what its int8 forms keep.

    bench/quality.py [--program FILE] [--on PICTURES] [--releases FOLDER] [NETWORK ...]

--on judges super-resolution on clean pictures, reduced by 4, instead of Set5. --releases takes the releases that are there by the names of
networks, such as those of peers/run.py --folder, instead of making them. Needs ../shared (or MANTISSA_SHARED).
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
from networks import FORMS, IMAGES, NETWORKS, PROGRAMS, SHARED, ReleaseError, figures_of, manifest_of, release  # noqa: E402


def speed(artifact, provider):
    return next(each["microseconds_per_pixel"] for each in artifact["speeds"] if each["provider"] == provider)


def kept(figures):
    """Loss, where there are true pictures, and PSNR against fp32."""
    loss = f"{figures['loss_percent']:.2f} % · " if "loss_percent" in figures else ""
    return f"{loss}{figures['psnr_to_fp32']:.1f} dB"


def cell(manifest, path, provider):
    """What one form keeps: loss, PSNR against fp32, work in integers, speed against fp32 in the same engine; or why it is not there."""
    files = {each["path"]: each for each in manifest["artifacts"]}
    if path in files:
        faster = speed(files["fp32/model.onnx"], provider) / speed(files[path], provider)
        return f"{kept(files[path]['verdict']['figures'])} · {100 * files[path]['int8_share']:.0f} % · {faster:.1f}"
    left = next(each for each in manifest["left_out"] if each["path"] == path)
    return f"left out ({left['reason']}); {kept(left['verdict']['figures'])}"


def row(name, manifest, seconds):
    half = figures_of(manifest, "fp16/model.onnx")
    fp32 = f"{half['psnr_fp32']:.3f}" if "psnr_fp32" in half else "-"
    return f"| {name} | {fp32} | {' | '.join(cell(manifest, *form) for form in FORMS)} | {half['psnr_to_fp32']:.1f} | {seconds} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=PROGRAMS / "mantissa")
    parser.add_argument("--on", type=Path)
    parser.add_argument("--releases", type=Path)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", choices=[[], *NETWORKS])
    arguments = parser.parse_args()
    if not SHARED.exists():
        sys.exit(f"{SHARED} is absent: these networks are not part of the project")
    words = {name: network.release_words() for name, network in NETWORKS.items()}
    if arguments.on:
        reduced = ["--calibrate", IMAGES / "calibration/bsd_color", "--evaluate", arguments.on.resolve(), "--degrade", "bicubic:4"]
        words = {name: [*reduced, *network.words] for name, network in NETWORKS.items() if network.evaluate == "set5/x4"}
    print("| network | fp32, dB | OpenVINO: loss · to fp32 · in integers · speed | ONNX Runtime: likewise | fp16 to fp32, dB | seconds |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.networks or words:
            try:
                if arguments.releases:
                    manifest, seconds = manifest_of(arguments.releases / name), "-"
                else:
                    manifest, seconds = release(arguments.program, name, words[name], Path(folder) / name)
                    seconds = f"{seconds:.0f}"
                print(row(name, manifest, seconds), flush=True)
            except ReleaseError as error:
                sys.exit(f"{name}: {error}")


if __name__ == "__main__":
    main()
