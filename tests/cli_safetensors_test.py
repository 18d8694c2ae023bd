"""Networks in safetensors files: read as the same network, and written back so that the format's own reader finds the same tensors."""

import json
import subprocess
import sys
import unittest

from cli_hostile_test import safetensors
from cli_tools import PYTHON, PYTHONPATH, Case, manifest_of, pictures, tiny_network, tiny_state

# Its own reader and writer, in the Python that has it.
MAKE = """
import json, sys, numpy
from safetensors.numpy import save_file
state = {key: numpy.array(values, numpy.float32).reshape(shape) for key, (shape, values) in json.load(open(sys.argv[1])).items()}
save_file(state, sys.argv[2], {"format": "pt", "author": "somebody"})
"""
COMPARE = """
import sys
from safetensors import safe_open
with safe_open(sys.argv[1], "numpy") as a, safe_open(sys.argv[2], "numpy") as b:
    assert sorted(a.keys()) == sorted(b.keys())
    assert a.metadata() == b.metadata() == {"format": "pt", "author": "somebody"}, b.metadata()
    for key in a.keys():
        x, y = a.get_tensor(key), b.get_tensor(key)
        assert x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes(), key
"""


def reference(program, *arguments):
    return subprocess.run([PYTHON, "-c", program, *map(str, arguments)], env={"PYTHONPATH": PYTHONPATH}, capture_output=True, encoding="utf-8",
                          check=False)


class Safetensors(Case):
    def test_are_the_same_network(self):
        path = self.folder / "network.safetensors"
        path.write_bytes(safetensors(tiny_state()))
        same = self.json_of("inspect", tiny_network(self.folder / "network.pth"))
        found = self.json_of("inspect", path)
        for differs in ("path", "file", "source"):
            same.pop(differs, None), found.pop(differs, None)
        self.assertEqual(found, same)

    def test_are_written_back(self):
        if reference("import safetensors").returncode:
            self.skipTest("needs Python's safetensors: tools/setup.py --tests")
        state, path, release = self.folder / "state.json", self.folder / "network.safetensors", self.folder / "release"
        state.write_text(json.dumps(tiny_state()))
        made = reference(MAKE, state, path)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.succeeds("release", path, "--calibrate", pictures(self.folder / "pictures"), "--targets", "x86-vnni", "-o", release)
        self.assertIn("fp32/checkpoint.safetensors", [each["path"] for each in manifest_of(release)["artifacts"]])
        self.assertFalse((release / "fp32/checkpoint.pth").exists())
        compared = reference(COMPARE, path, release / "fp32/checkpoint.safetensors")
        self.assertEqual(compared.returncode, 0, compared.stderr)
        self.succeeds("inspect", release / "fp32/checkpoint.safetensors")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
