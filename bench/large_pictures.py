#!/usr/bin/env python3
"""Memory and time of `mantissa run` on large pictures, from and to files of several formats.

    bench/large_pictures.py [--network FILE] [--source PICTURE] [--side 3000x2000 ...] [--kind tiff|png|jpeg ...] [--folder FOLDER] [--build build/release]

Large pictures are made of SOURCE by the program large_picture of `make bench`; a gigapixel needs 8 GB in FOLDER. Without --network a single 3x3 convolution is
made (with Python's onnx), so that reading and writing are all that takes time. Sides are 3000x2000 (6 megapixels), 10000x10000 and 31623x31623 (a gigapixel) unless
given; memory depends on the width alone, so that fewer rows tell it too. Prints the most memory that was resident, and microseconds a pixel by the clock (from
opening the picture to its file's last byte) and of processor time (without what starting the program takes). A larger picture is restored while the first size is, again
and again, so that both meet the machine in the same state, whatever else it does: hence the ratio, and hence the clock's times of all but the first are of two at once.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
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


class Beside:
    """Does something again and again on another thread, and gathers what it gives."""

    def __init__(self, again):
        self.again, self.over, self.gathered = again, threading.Event(), []
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.gathered or not self.over.is_set():
            self.gathered.append(self.again())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.gathered = self.gathered[:-1] or self.gathered  # the last one was alone for a part of it


class Runs:
    """Of `mantissa run`, on pictures in a folder."""

    def __init__(self, given, network, kind, folder):
        self.given, self.network, self.folder = given, network, folder
        self.read, self.written = KINDS[kind]
        self.extension = self.read.split("[")[0]
        self.make("start", 64, 64)

    def make(self, name, width, height):
        make_picture(self.given.build, self.given.source, width, height, f"{self.folder}/{name}.{self.read}")

    def of(self, name):
        """Exit code, MB, seconds by the clock, and of the processor without what starting the program takes at this moment."""
        start = self.measure("start")[3]
        code, megabytes, clock, used = self.measure(name)
        return code, megabytes, clock, used - start

    def measure(self, name):
        out = self.folder / f"{name}_out.{self.written}"
        taken = measure(self.given.build / "bin/mantissa", self.given.words, self.network, self.folder / f"{name}.{self.extension}", out)
        out.unlink(missing_ok=True)
        return taken


def print_table(kind, sides, runs):
    pixels = [width * height for width, height in sides]
    runs.make("first", *sides[0])
    for i, (width, height) in enumerate(sides):
        if i == 0:
            code, megabytes, clock, used = runs.of("first")
            ratio = 1
        else:
            runs.make("larger", width, height)
            with Beside(lambda: runs.of("first")[3]) as beside:
                code, megabytes, clock, used = runs.of("larger")
            ratio = used / pixels[i] / (statistics.mean(beside.gathered) / pixels[0])
            (runs.folder / f"larger.{runs.extension}").unlink()
        figures = f"{1e6 * clock / pixels[i]:.3f} | {1e6 * used / pixels[i]:.3f} | {ratio:.2f}"
        print(f"| {kind} | {width}x{height} | {megabytes:.0f} MB | {figures} |" + (f" exit code {code}" if code else ""), flush=True)


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
        print("| from and to | pixels | most memory | us/pixel by the clock | of processor time | ratio of processor time |")
        print("|---|---|---|---|---|---|", flush=True)
        for kind in given.kind or KINDS:
            print_table(kind, sides, Runs(given, network, kind, folder))


if __name__ == "__main__":
    main()
