#!/usr/bin/env python3
"""Memory and time of `mantissa run` on large pictures, from and to files of several formats.

    bench/large_pictures.py [--network FILE] [--source PICTURE] [--side 3000x2000 ...] [--kind tiff|png|jpeg ...] [--folder FOLDER] [--build build/release]

Large pictures are made of SOURCE by the program large_picture of `make bench`; a gigapixel needs 8 GB in FOLDER. Without --network a single 3x3 convolution is
made (with Python's onnx), so that reading and writing are all that takes time. Sides are 3000x2000 (6 megapixels), 10000x10000 and 31623x31623 (a gigapixel) unless
given; memory depends on the width alone, so that fewer rows tell it too. Prints the most memory that was resident, and microseconds a pixel by the clock (from
opening the picture to its file's last byte) and of processor time (without what starting the program takes), each with the ratio to the first size.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIDES = ["3000x2000", "10000x10000", "31623x31623"]
KINDS = {  # what is read (with libvips' options), and what is written
    "tiff": ("tif[tile,pyramid,bigtiff,compression=lzw,predictor=horizontal]", "tif"),
    "png": ("png[compression=1]", "png"),
    "jpeg": ("jpg[Q=90]", "jpg"),
}
CHILD = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_maxrss * 1024, used.ru_utime + used.ru_stime)
"""


def one_convolution(path):
    from onnx import TensorProto, helper, save

    weights = [(1.4 if i % 9 == 4 else -0.05) if i // 27 == i % 27 // 9 else 0.0 for i in range(81)]
    graph = helper.make_graph([helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])], "sharpen",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, "h", "w"])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, "h", "w"])],
                              [helper.make_tensor("w", TensorProto.FLOAT, [3, 3, 3, 3], weights)])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def make_picture(build, source, width, height, out):
    if subprocess.run([build / "bin/large_picture", source, str(width), str(height), out], check=False).returncode:
        sys.exit(f"large_pictures: {out} could not be made")


def measure(program, words, network, source, out):
    """Exit code, MB, seconds by the clock and of the processor."""
    command = [program, "-q", "run", network, source, "-o", out, "--overwrite", "--json", *words]
    lines = subprocess.run([sys.executable, "-c", CHILD, *map(str, command)], stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
    answer, _, last = lines.rstrip().rpartition("\n")
    code, most, used = last.split()
    seconds = json.loads(answer)["pictures"][0]["seconds"] if code == "0" else float("nan")
    return int(code), float(most) / 1e6, seconds, float(used)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", type=Path, help="x1, or any other")
    parser.add_argument("--source", type=Path, default=next(iter(sorted((ROOT / "examples/pictures/evaluate").glob("*.png"))), None))
    parser.add_argument("--side", action="append", metavar="WIDTHxHEIGHT", help="may be given several times")
    parser.add_argument("--kind", action="append", choices=KINDS, help="may be given several times; default: all")
    parser.add_argument("--folder", type=Path, help="default: the system's for temporary files")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("words", nargs="*", help="handed on to mantissa run: -- --provider openvino-cpu")
    return parser.parse_args()


def main():
    given = parse()
    sides = [tuple(map(int, side.split("x"))) for side in given.side or SIDES]
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        folder = Path(folder)
        network = given.network or one_convolution(folder / "convolution.onnx")
        make_picture(given.build, given.source, 64, 64, folder / "start.png")
        start = min(measure(given.build / "bin/mantissa", given.words, network, folder / "start.png", folder / "start_out.png")[3] for _ in range(3))
        print("| from and to | pixels | most memory | us/pixel by the clock | of processor time | ratio by the clock | of processor time |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for kind in given.kind or KINDS:
            read, written = KINDS[kind]
            first = None
            for width, height in sides:
                source, out = folder / f"in.{read.split('[')[0]}", folder / f"out.{written}"
                make_picture(given.build, given.source, width, height, f"{folder}/in.{read}")
                code, megabytes, clock, used = measure(given.build / "bin/mantissa", given.words, network, source, out)
                times = [1e6 * seconds / (width * height) for seconds in (clock, used - start)]
                first = first or times
                cells = [f"{time:.3f}" for time in times] + [f"{time / of_first:.2f}" for time, of_first in zip(times, first)]
                print(f"| {kind} | {width}x{height} | {megabytes:.0f} MB | {' | '.join(cells)} |" + (f" exit code {code}" if code else ""), flush=True)
                source.unlink()
                out.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
