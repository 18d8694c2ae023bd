"""Memory and time of `mantissa run` on pictures of 6 megapixels, 100 megapixels and a gigapixel, from and to files of several formats.

    python3 bench/large_pictures.py SOURCE [NETWORK.onnx] [--build build/release] [--folder FOLDER]

SOURCE is any picture: large ones are made of it by the program large_picture of `make bench`, and need 8 GB of disk in FOLDER. NETWORK is x1; without one a single
convolution is made (with Python's onnx), so that reading and writing are all that takes time. Prints the most memory that was resident, microseconds of the clock and
of processor time a pixel, and the ratio to 6 megapixels.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

SIDES = {"6 MP": (3000, 2000), "100 MP": (10000, 10000), "1 GP": (31623, 31623)}
KINDS = {  # what is read (with libvips' options), and what is written
    "TIFF, tiled and pyramidal": ("tif[tile,pyramid,bigtiff,compression=lzw,predictor=horizontal]", "tif"),
    "PNG": ("png[compression=1]", "png"),
    "JPEG, baseline": ("jpg[Q=90]", "jpg"),
}
CHILD = """
import resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_maxrss * 1024, used.ru_utime + used.ru_stime, time.monotonic() - start)
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


def measure(program, network, source, out):
    words = [sys.executable, "-c", CHILD, program, "-q", "run", network, source, "-o", out, "--overwrite"]
    answer = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout.split()
    return int(answer[0]), float(answer[1]) / 1e6, float(answer[2]), float(answer[3])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("network", type=Path, nargs="?")
    parser.add_argument("--build", type=Path, default=Path("build/release"))
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        folder = Path(folder)
        network = given.network or one_convolution(folder / "convolution.onnx")
        for kind, (read, written) in KINDS.items():
            first = None
            for name, (width, height) in SIDES.items():
                source = folder / f"in.{read.split('[')[0]}"
                made = subprocess.run([given.build / "bin/large_picture", given.source, str(width), str(height), f"{folder}/in.{read}"], check=False)
                if made.returncode:
                    sys.exit("large_pictures: the picture could not be made")
                out = folder / f"out.{written}"
                code, megabytes, processor, clock = measure(given.build / "bin/mantissa", network, source, out)
                pixels = width * height / 1e6
                first = first or processor / pixels
                print(f"{kind:26} {name:7} {megabytes:6.0f} MB   {clock / pixels:6.3f} us/pixel by the clock, {processor / pixels:6.3f} of processor time"
                      f" ({processor / pixels / first:4.2f} of 6 MP)" + (f"   exit code {code}" if code else ""), flush=True)
                source.unlink()
                out.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
