#!/usr/bin/env python3
"""Takes every file of the shared material through `mantissa inspect` and `mantissa release`, and prints the table of docs/every-file.md.

    bench/every_file.py [--program FILE] [--releases FOLDER] [--repair-budget SECONDS] [FILE ...]

Few pictures and a short repair: what is seen here is that a file goes through or is refused for the right reason, not how good it can become
(docs/quality.md has that). --releases keeps the releases, by the names of the files. Needs ../shared (or MANTISSA_SHARED).
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import watch  # noqa: E402
from networks import CODES, IMAGES, NETWORKS, PROGRAMS, SHARED, manifest_of  # noqa: E402

MOST_PICTURES = 4  # of each folder
MOST_SECONDS = 3600
MOST_MEGABYTES = 12000
NO_NETWORK = {".md", ".index", ".data-00000-of-00001"}  # beside the networks: sources, the variables of a SavedModel
# What files say nothing of.
LOW_LIGHT = {"zerodce", "iat"}
DENOISING = {"dncnn", "dncnn_bn"}


def files():
    found = [path for folder in ("models", "onnx") for path in sorted((SHARED / folder).rglob("*")) if path.is_file()]
    return [path for path in found if path.suffix not in NO_NETWORK]


def some(folder, into):
    """The first pictures of a folder, or its first pairs, in a folder of their own."""
    into.mkdir()
    pictures = sorted(path for path in (IMAGES / folder).iterdir() if path.is_file())
    pairs = [[path, partner] for path in pictures if "LR" in path.name and (partner := path.with_name(path.name.replace("LR", "HR"))).exists()]
    for chosen in (pairs or [[path] for path in pictures])[:MOST_PICTURES]:
        for picture in chosen:
            shutil.copy(picture, into)
    return into


def pictures(path, seen, folder):
    """The words that say which pictures a release sees, by what `inspect` says of the network and, where it cannot, by the file's name."""
    name = path.stem if path.parent.name == "onnx" else path.parent.name
    if name in LOW_LIGHT:
        calibrate, evaluate, words = "calibration/lowlight_dicm", "lowlight_dicm", []
    elif seen["condition"]:
        calibrate, evaluate, words = "calibration/bsd_color", "kodak24", ["--sigma", "25"]
    elif seen["scale"] > 1:
        scale = seen["scale"]
        calibrate, evaluate, words = "calibration/bsd_color", f"set5/x{scale}", ["--degrade", f"bicubic:{scale}"]
    else:
        calibrate, evaluate, words = "calibration/train400_gray", "set12", ["--degrade", "noise:25"]
    more = NETWORKS[name].words if path.parent.name == "onnx" and name in NETWORKS and "--sigma" not in NETWORKS[name].words else ()
    return ["--calibrate", some(calibrate, folder / "calibrate"), "--evaluate", some(evaluate, folder / "evaluate"), *words, *more]


def what_it_is(seen):
    enlarges = f" x{seen['scale']}" if seen["scale"] > 1 else ""
    return f"{seen['architecture'] + ': ' if seen['architecture'] else ''}{seen['task']}{enlarges}, {seen['colour']}"


def told(errors):
    """The line that the program ended with."""
    return errors.strip().splitlines()[-1].removeprefix("mantissa: ").replace(f"{SHARED}/", "") if errors.strip() else "no message"


def result(manifest):
    """The files beside fp32 that are in a release, and those that are not, each with its first reason."""
    passed = ", ".join(each["path"] for each in manifest["artifacts"] if each["variant"] != "fp32")
    left = "; ".join(f"{each['path']} left out ({each['reason'].split('; ')[0]})" for each in manifest["left_out"])
    return " · ".join(part for part in (passed, left) if part)


def inspect(program, path):
    done = subprocess.run([program, "--json", "inspect", path], capture_output=True, encoding="utf-8", errors="replace", check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None, f"refused ({done.returncode}): {told(done.stderr)}"


def row(program, path, budget, folder):
    seen, refusal = inspect(program, path)
    if seen is None:
        return ["-", refusal, "-", "-"]
    release = folder / "release"
    words = ["release", path, *pictures(path, seen, folder), "--repair-budget", budget, "-o", release]
    done = watch.run([program, "-q", *words], folder / "log", MOST_SECONDS, MOST_MEGABYTES)
    if done.stopped or done.code not in CODES:
        return [what_it_is(seen), done.stopped or f"refused ({done.code}): {told(done.errors)}", f"{done.seconds:.0f}", f"{done.anonymous:.0f}"]
    return [what_it_is(seen), result(manifest_of(release)), f"{done.seconds:.0f}", f"{done.anonymous:.0f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=PROGRAMS / "mantissa")
    parser.add_argument("--releases", type=Path)
    parser.add_argument("--repair-budget", default="10")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    if not SHARED.exists():
        sys.exit(f"{SHARED} is absent: these networks are not part of the project")
    print("| file | what it is | release | seconds | MB |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        for path in [each.resolve() for each in arguments.files] or files():
            name = str(path.relative_to(SHARED)) if path.is_relative_to(SHARED) else path.name
            folder = (arguments.releases or Path(temporary)) / name.replace("/", "-")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            print(f"| {name} | {' | '.join(row(arguments.program, path, arguments.repair_budget, folder))} |", flush=True)


if __name__ == "__main__":
    main()
