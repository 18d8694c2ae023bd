"""The C interface from Python, through ctypes alone: what a binding of another language does."""

import ctypes
import os
import sys
import threading
import unittest
from ctypes import POINTER, byref, c_char_p, c_double, c_int, c_size_t, c_ssize_t, c_void_p
from pathlib import Path

from cli_tools import ROOT, Case, png, read_png, tiny_network

LIBRARY = ctypes.CDLL(str(Path(os.environ.get("MANTISSA_BUILD", ROOT / "build/release")) / "lib/libmantissa.so"))
LIBRARY.mantissa_error_message.restype = c_char_p
LIBRARY.mantissa_version.restype = c_char_p
LIBRARY.mantissa_error_message.argtypes = LIBRARY.mantissa_error_free.argtypes = LIBRARY.mantissa_close.argtypes = [c_void_p]
PROGRESS = ctypes.CFUNCTYPE(c_int, c_void_p, c_int, c_int)
DONE, BAD_INPUT, INTERRUPTED = 0, 3, 130


class Options(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("provider", c_char_p), ("variant", c_char_p), ("range", c_char_p), ("colour", c_char_p),
                ("scale", c_double), ("sigma", c_double), ("has_sigma", c_int), ("tile_size", c_int), ("threads", c_int)]


class Pixels(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("width", c_int), ("height", c_int), ("channels", c_int), ("type", c_int), ("planar", c_int),
                ("row_stride", c_ssize_t), ("plane_stride", c_ssize_t), ("data", c_void_p)]


class Control(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("progress", PROGRESS), ("user", c_void_p), ("quality", c_int), ("overwrite", c_int)]


def sized(structure, **members):
    return structure(size=ctypes.sizeof(structure), **members)


class Interface(Case):
    def setUp(self):
        super().setUp()
        self.network = tiny_network(self.folder / "network.pth")
        self.runner = c_void_p()
        options = sized(Options, tile_size=24)
        self.call("mantissa_open", os.fsencode(self.network), byref(options), byref(self.runner))
        self.addCleanup(LIBRARY.mantissa_close, self.runner)

    def call(self, name, *arguments, code=DONE):
        """Calls and returns what the library says of a failure."""
        error = c_void_p()
        self.assertEqual(getattr(LIBRARY, name)(*arguments, byref(error)), code)
        if code == DONE:
            return self.assertIsNone(error.value)
        said = LIBRARY.mantissa_error_message(error).decode()
        LIBRARY.mantissa_error_free(error)
        return said

    def restored(self, data, width, height, **layout):
        output = ctypes.create_string_buffer(4 * len(data))
        source = ctypes.create_string_buffer(data, len(data))
        pixels = [sized(Pixels, width=w, height=h, channels=3, type=1, data=ctypes.addressof(memory), **layout)
                  for w, h, memory in ((width, height, source), (2 * width, 2 * height, output))]
        self.call("mantissa_restore", self.runner, byref(pixels[0]), byref(pixels[1]), None)
        return output.raw

    def test_memory_and_file_give_the_same(self):
        (self.folder / "in.png").write_bytes(png(40, 30))
        samples = bytes(round(v * 255) for row in read_png(self.folder / "in.png")[4] for v in row)
        self.call("mantissa_restore_file", self.runner, os.fsencode(self.folder / "in.png"), os.fsencode(self.folder / "o.png"), None)
        rows = read_png(self.folder / "o.png")[4]
        expected = bytes(round(v * 255) for row in rows for v in row)
        self.assertEqual(self.restored(samples, 40, 30), expected)
        planes = b"".join(samples[c::3] for c in range(3))
        self.assertEqual(self.restored(planes, 40, 30, planar=1), b"".join(expected[c::3] for c in range(3)))

    def test_threads(self):
        inputs = [bytes((x * 7 + i) % 256 for x in range(48 * 32 * 3)) for i in range(4)]
        expected = [self.restored(data, 48, 32) for data in inputs]
        results = [None] * 4

        def work(i):
            results[i] = self.restored(inputs[i], 48, 32)
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, expected)

    def test_a_callback_stops(self):
        (self.folder / "in.png").write_bytes(png(100, 100))
        calls = []
        callback = PROGRESS(lambda _, done, tiles: calls.append((done, tiles)) or done >= 2)
        control = sized(Control, progress=callback)
        said = self.call("mantissa_restore_file", self.runner, os.fsencode(self.folder / "in.png"), os.fsencode(self.folder / "o.png"),
                         byref(control), code=INTERRUPTED)
        self.assertIn("stopped", said)
        self.assertEqual([done for done, _ in calls], [1, 2])
        self.assertEqual(self.entries(), ["in.png", "network.pth"])

    def test_what_is_no_picture(self):
        (self.folder / "in.png").write_bytes(b"Not a picture.\n")
        said = self.call("mantissa_restore_file", self.runner, os.fsencode(self.folder / "in.png"), os.fsencode(self.folder / "o.png"),
                         None, code=BAD_INPUT)
        self.assertIn("in.png", said)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
