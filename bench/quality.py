#!/usr/bin/env python3
"""Prints the table of docs/quality.md: a release of each network of the shared material, and what its int8 forms keep.

    bench/quality.py [--program FILE] [--on PICTURES] [NETWORK ...]

--on judges super-resolution on clean pictures, reduced by 4, instead of Set5. Needs ../shared (or MANTISSA_SHARED).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("MANTISSA_SHARED", ROOT.parent / "shared")).resolve()
IMAGES = SHARED / "images"

ENLARGE_4 = ["--calibrate", IMAGES / "calibration/bsd_color_lr_x4", "--evaluate", IMAGES / "set5/x4"]
IN_255 = ["--range", "0:255"]
NETWORKS = {
    "dncnn": ["--calibrate", IMAGES / "calibration/train400_gray", "--evaluate", IMAGES / "set12", "--degrade", "noise:25"],
    "ffdnet": ["--calibrate", IMAGES / "calibration/bsd_color", "--evaluate", IMAGES / "kodak24", "--sigma", "25"],
    "srvgg": ENLARGE_4,
    "mobilesr": ENLARGE_4,
    "rfdn": ENLARGE_4 + IN_255,
    "safmn_any": ENLARGE_4,
    "efdn": ENLARGE_4,
    "rlfn": ENLARGE_4 + IN_255,
    "bsrn": ENLARGE_4,
    "span": ENLARGE_4,
    "espcn_x2": ["--calibrate", IMAGES / "calibration/bsd_color", "--evaluate", IMAGES / "set5/x2", "--degrade", "bicubic:2"],
}
FORMS = (("int8/openvino.onnx", "openvino-cpu"), ("int8/model.onnx", "onnxruntime-cpu"))


def release(program, network, words, folder):
    """The manifest of a release, and the seconds that it took."""
    start = time.monotonic()
    done = subprocess.run([program, "-q", "release", SHARED / "onnx" / f"{network}.onnx", *words, "-o", folder], stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, 4):
        sys.exit(done.returncode)
    return json.loads((folder / "release.json").read_text(encoding="utf-8")), time.monotonic() - start


def speed(artifact, provider):
    return next((each["microseconds_per_pixel"] for each in artifact["speeds"] if each["provider"] == provider), None)


def cell(manifest, path, provider):
    """What one form keeps: loss, PSNR against fp32, work in integers, speed against fp32 in the same engine; or why it is not there."""
    files = {each["path"]: each for each in manifest["artifacts"]}
    if path in files:
        figures, fp32 = files[path]["verdict"]["figures"], files["fp32/model.onnx"]
        faster = speed(fp32, provider) / speed(files[path], provider)
        return f"{figures['loss_percent']:.2f} % · {figures['psnr_to_fp32']:.1f} dB · {100 * files[path]['int8_share']:.0f} % · {faster:.1f}"
    left = next(each for each in manifest["left_out"] if each["path"] == path)
    figures = left["verdict"]["figures"]
    return f"left out ({left['reason']}); {figures['loss_percent']:.2f} % · {figures['psnr_to_fp32']:.1f} dB"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "build/release/bin/mantissa")
    parser.add_argument("--on", type=Path)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", choices=[[], *NETWORKS])
    arguments = parser.parse_args()
    if not SHARED.exists():
        sys.exit(f"{SHARED} is absent: these networks are not part of the project")
    if arguments.on:
        reduced = ["--calibrate", IMAGES / "calibration/bsd_color", "--evaluate", arguments.on.resolve(), "--degrade", "bicubic:4"]
        networks = {name: reduced + words[len(ENLARGE_4):] for name, words in NETWORKS.items() if words[: len(ENLARGE_4)] == ENLARGE_4}
    else:
        networks = NETWORKS
    print("| network | fp32, dB | OpenVINO: loss · to fp32 · in integers · speed | ONNX Runtime: likewise | fp16 to fp32, dB | seconds |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.networks or networks:
            manifest, seconds = release(arguments.program, name, networks[name], Path(folder) / name)
            half = next(each for each in manifest["artifacts"] + manifest["left_out"] if each["path"] == "fp16/model.onnx")["verdict"]["figures"]
            cells = " | ".join(cell(manifest, *form) for form in FORMS)
            print(f"| {name} | {half['psnr_fp32']:.3f} | {cells} | {half['psnr_to_fp32']:.1f} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
