"""What the tests of the program share: running it, small pictures and a small network, made here with Python's own library only."""

import json
import os
import random
import shutil
import struct
import subprocess
import tempfile
import unittest
import zipfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = Path(os.environ.get("MANTISSA_BUILD", ROOT / "build/release")) / "bin/mantissa"
SHARED = Path(os.environ.get("MANTISSA_SHARED", ROOT.parent / "shared"))
PYTHON = os.environ.get("MANTISSA_PYTHON", "/usr/bin/python3")
PYTHONPATH = os.environ.get("MANTISSA_PYTHONPATH", str(Path.home() / ".cache/mantissa/prefix/python"))


def mantissa(*words, **options):
    """Runs the program as a user does and returns what it printed and its exit code."""
    command = [str(word) for word in (PROGRAM, *words)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=600, check=False, **options)


def needs_shared(path):
    """Skips a test, or a class of them, where the shared material is absent."""
    return unittest.skipUnless((SHARED / path).exists(), f"needs {SHARED / path}, which is not part of the project")


def manifest_of(release):
    return json.loads((Path(release) / "release.json").read_text())


def files_of(manifest):
    """What the manifest says of each file by its path, whether it is there or was left out."""
    return {each["path"]: each for each in manifest["artifacts"] + manifest["left_out"]}


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mantissa-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def succeeds(self, *words, code=0, **options):
        done = mantissa(*words, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def json_of(self, *words, code=0):
        return json.loads(self.succeeds("--json", *words, code=code).stdout)

    def refused(self, code, *words, says=(), **options):
        """The program ends with the code and one readable line that holds each of the words `says`."""
        done = mantissa(*words, **options)
        self.assertIn(done.returncode, code if isinstance(code, tuple) else (code,), done.stdout + done.stderr)
        lines = done.stderr.strip().split("\n")
        if code == 2:
            lines = [line for line in lines if not line.startswith("Try: ")]
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertRegex(lines[0], r"^mantissa: .*\.$")
        self.assertLess(len(lines[0]), 600, lines[0])
        self.assertTrue(lines[0].isprintable(), repr(lines[0]))
        for word in says:
            self.assertIn(str(word), lines[0])
        if os.environ.get("MANTISSA_SHOW"):
            print(lines[0])
        return lines[0]

    def entries(self):
        """Everything that lies in the folder, hidden files too."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))


# --- pictures -------------------------------------------------------------------------------------------------------------------------

KINDS = {1: 0, 2: 4, 3: 2, 4: 6}  # channels: PNG colour type


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def noise(*_):
    """A sample of a picture that is nothing but noise, for png()."""
    return random.random()


def png(width, height, channels=3, bits=8, extra=b"", sample=None):
    """The bytes of a PNG. `sample(x, y, channel)` in 0..1; `extra`: chunks to put before the pixels."""
    sample = sample or (lambda x, y, c: (x / width + (x // 3 + y // 5 + c) % 2) / 2)
    largest = (1 << bits) - 1
    rows = bytearray()
    for y in range(height):
        values = [round(min(max(sample(x, y, c), 0), 1) * largest) for x in range(width) for c in range(channels)]
        rows += b"\0" + struct.pack(f">{len(values)}{'B' if bits == 8 else 'H'}", *values)
    header = struct.pack(">IIBBBBB", width, height, bits, KINDS[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")


def png_chunks(path):
    """The chunks of a PNG file by name; those of pixels joined."""
    data, at, found = Path(path).read_bytes(), 8, {}
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at:at + 8])
        found[name] = found.get(name, b"") + data[at + 8:at + 8 + size]
        at += 12 + size
    return found


def read_png(path):
    """(width, height, channels, bits, rows): each row a list of samples in 0..1, channel after channel of each pixel."""
    chunks = png_chunks(path)
    width, height, bits, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    channels = next(count for count, type_of in KINDS.items() if type_of == kind)
    step = channels * bits // 8
    size = width * step
    raw, above, rows = zlib.decompress(chunks[b"IDAT"]), bytearray(size), []
    for y in range(height):
        start = y * (size + 1)
        kind, row = raw[start], bytearray(raw[start + 1:start + 1 + size])
        for i in range(size):
            left, up, corner = (row[i - step] if i >= step else 0), above[i], (above[i - step] if i >= step else 0)
            paeth = min((abs(up - corner), 0, left), (abs(left - corner), 1, up), (abs(left + up - 2 * corner), 2, corner))[2]
            row[i] = (row[i] + (0, left, up, (left + up) // 2, paeth)[kind]) & 255
        above = row
        rows.append([v / ((1 << bits) - 1) for v in struct.unpack(f">{width * channels}{'B' if bits == 8 else 'H'}", row)])
    return width, height, channels, bits, rows


def exif_of(orientation):
    """An EXIF block (TIFF, little endian) that says nothing but how the picture is to be turned."""
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def icc_profile():
    """The header of a colour profile for RGB displays (ICC.1:2022, 7.2) and one tag that means nothing."""
    header = struct.pack(">I4sI4s4s4s12x4s4x8x4x8xI3I", 204, b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ", b"acsp", 0, 0xF6D6, 0x10000, 0xD32D)
    return header.ljust(128, b"\0") + struct.pack(">I4sII", 1, b"desc", 144, 60) + bytes(range(60))


def pictures(folder, count=3, width=48, height=40, **options):
    """Writes some PNG pictures into a new folder."""
    folder.mkdir()
    for i in range(count):
        (folder / f"{i}.png").write_bytes(png(width + i, height + 2 * i, **options))
    return folder


# --- networks -------------------------------------------------------------------------------------------------------------------------

def text(word):
    return b"X" + struct.pack("<I", len(word.encode())) + word.encode()


def integer(number):
    return b"J" + struct.pack("<i", number)


def tensor(key, shape):
    """The pickle of a float32 tensor whose storage is the archive's file data/<key>."""
    count, strides = 1, []
    for size in reversed(shape):
        strides.insert(0, count)
        count *= size
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu") + integer(count) + b"tQ"
    sizes = b"(" + b"".join(map(integer, shape)) + b"t"
    steps = b"(" + b"".join(map(integer, strides)) + b"t"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + integer(0) + sizes + steps + b"\x89ccollections\nOrderedDict\n)RtR"


def checkpoint(path, state):
    """Writes {key: (shape, values)} as torch.save does."""
    items = b"".join(text(key) + tensor(str(i), shape) for i, (key, (shape, _)) in enumerate(state.items()))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02ccollections\nOrderedDict\n)R(" + items + b"u.")
        for i, (_, values) in enumerate(state.values()):
            archive.writestr(f"archive/data/{i}", struct.pack(f"<{len(values)}f", *values))
        archive.writestr("archive/version", "3\n")
    return path


def tiny_state(scale=2, features=8, spread=0.05, colours=3):
    """A small SRVGGNetCompact: what it adds to the enlarged picture is small, so that every format passes the gate easily."""
    numbers = random.Random(1)
    state = {}

    def convolution(name, outputs, inputs, spread):
        state[f"body.{name}.weight"] = ((outputs, inputs, 3, 3), [numbers.uniform(-spread, spread) for _ in range(9 * outputs * inputs)])
        state[f"body.{name}.bias"] = ((outputs,), [numbers.uniform(-spread, spread) for _ in range(outputs)])

    convolution(0, features, colours, 4 * spread)
    state["body.1.weight"] = ((features,), [0.1] * features)
    convolution(2, features, features, 2 * spread)
    state["body.3.weight"] = ((features,), [0.2] * features)
    convolution(4, colours * scale * scale, features, spread)
    return state


def tiny_network(path, **options):
    return checkpoint(path, tiny_state(**options))


DENOISER = """
import random, sys
import onnx
from onnx import TensorProto, helper
is_map = sys.argv[2] == "map"
numbers = random.Random(1)
def weights(name, *shape):
    count = shape[0] * shape[1] * shape[2] * shape[3]
    return helper.make_tensor(name, TensorProto.FLOAT, shape, [numbers.uniform(-0.1, 0.1) for _ in range(count)])
def value(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs, [output], **attributes)
first = [node("Concat", ["blocks", "noise_map"], "joined", axis=1)] if is_map else [node("Add", ["blocks", "sigma"], "joined")]
nodes = [node("SpaceToDepth", ["x"], "blocks", blocksize=2), *first,
         node("Conv", ["joined", "first"], "features", pads=[1, 1, 1, 1]), node("Relu", ["features"], "positive"),
         node("Conv", ["positive", "last"], "noise", pads=[1, 1, 1, 1]),
         node("DepthToSpace", ["noise"], "fine", blocksize=2), node("Sub", ["x", "fine"], "y")]
told = value("noise_map", 1, 1, "h", "w") if is_map else value("sigma", 1, 1, 1, 1)
graph = helper.make_graph(nodes, "denoiser", [told, value("x", 1, 3, "h", "w")], [value("y", 1, 3, "h", "w")],
                          [weights("first", 16, 13 if is_map else 12, 3, 3), weights("last", 12, 16, 3, 3)])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), sys.argv[1])
"""


def tiny_denoiser(path, form):
    """An ONNX file that is told the level of noise: `form` "number", or "map" with an element for every 2x2 pixels. None without Python's onnx."""
    environment = dict(os.environ, PYTHONPATH=PYTHONPATH)
    done = subprocess.run([PYTHON, "-c", DENOISER, str(path), form], capture_output=True, env=environment, check=False)
    return path if done.returncode == 0 else None
