"""`mantissa weights`, as a user types it: what is written is checked with ONNX's own tools and decoded independently, in numpy."""

import os
import resource
import subprocess
import unittest

from cli_tools import PYTHON, PYTHONPATH, Case

MAKE = """
import sys, numpy, onnx
from onnx import TensorProto, helper, numpy_helper
random = numpy.random.default_rng(1)
def constant(name, *shape):
    return numpy_helper.from_array(random.standard_normal(shape, dtype=numpy.float32), name)
graph = helper.make_graph(
    [helper.make_node("Conv", ["x", "conv"], ["a"]), helper.make_node("Flatten", ["a"], ["b"]),
     helper.make_node("MatMul", ["b", "matmul"], ["c"]), helper.make_node("Gemm", ["c", "gemm"], ["y"], transB=1)],
    "mixed", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 12, 6, 6])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 47])],
    initializer=[constant("conv", 33, 12, 3, 3), constant("matmul", 528, 65), constant("gemm", 47, 65)])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
onnx.save(model, sys.argv[1], save_as_external_data=True, location="network.data", size_threshold=0)
"""

# Prints by how many dB each weight's signal is above the error that quantizing it made.
CHECK = """
import sys, numpy, onnx
from onnx import numpy_helper
before = {t.name: numpy_helper.to_array(t) for t in onnx.load(sys.argv[1]).graph.initializer}
onnx.checker.check_model(sys.argv[2], full_check=True)
model = onnx.load(sys.argv[2])
stored = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
for node in model.graph.node:
    attributes = {a.name: a.i for a in node.attribute}
    if node.op_type == "DequantizeLinear":
        levels, scales = (stored[name] for name in node.input)
        axis, block = attributes["axis"], attributes.get("block_size", 0)
        levels = levels.astype(numpy.float32)
        if block:
            scales = numpy.repeat(scales, block, axis=axis).take(range(levels.shape[axis]), axis=axis)
        else:
            scales = scales.reshape([-1 if d == axis else 1 for d in range(levels.ndim)])
        name = node.input[0].removesuffix("_quantized")
        real = levels * scales
    elif node.op_type == "MatMulNBits":
        assert node.domain == "com.microsoft"
        levels, scales = stored[node.input[1]], stored[node.input[2]]
        if attributes["bits"] == 4:
            levels = numpy.stack([levels & 15, levels >> 4], axis=-1)
        levels = levels.reshape(attributes["N"], -1, attributes["block_size"]).astype(numpy.float32) - 2 ** (attributes["bits"] - 1)
        name = node.input[1].removesuffix("_quantized")
        real = (levels * scales.reshape(attributes["N"], -1, 1)).reshape(attributes["N"], -1)[:, : attributes["K"]].T
    else:
        continue
    wanted = before[name].reshape(real.shape)
    print(name, node.op_type, round(float(10 * numpy.log10((wanted**2).sum() / ((real - wanted) ** 2).sum())), 2))
"""


def python(script, *words):
    environment = dict(os.environ, PYTHONPATH=PYTHONPATH)
    return subprocess.run([PYTHON, "-c", script, *map(str, words)], capture_output=True, encoding="utf-8", env=environment, check=False)


class Weights(Case):
    def setUp(self):
        super().setUp()
        if python("import onnx, numpy").returncode:
            self.skipTest(f"{PYTHON} has no onnx; tools/setup.py --tests installs it")
        self.network = self.folder / "network.onnx"
        made = python(MAKE, self.network)
        self.assertEqual(made.returncode, 0, made.stderr)

    def test_what_is_written_is_near_the_weights(self):
        for number_format, words, least in (("int8", [], 38), ("int4", ["--block", 64], 18), ("int4", ["--operator", "matmulnbits"], 18),
                                            ("int8", ["--operator", "matmulnbits", "--block", 128], 38)):
            with self.subTest(format=number_format, words=words):
                out = self.folder / "out.onnx"
                done = self.succeeds("weights", self.network, "--format", number_format, *words, "-o", out)
                self.assertRegex(done.stdout, r"^Quantized: 3 tensors, from 159\.9 KiB to [0-9.]+ KiB\n$")
                checked = python(CHECK, self.network, out)
                self.assertEqual(checked.returncode, 0, checked.stderr)
                rows = [line.split() for line in checked.stdout.splitlines()]
                self.assertEqual(sorted(row[0] for row in rows), ["conv", "gemm", "matmul"])
                for name, operator, decibels in rows:
                    self.assertEqual(operator, "MatMulNBits" if "matmulnbits" in words and name == "matmul" else "DequantizeLinear")
                    self.assertGreater(float(decibels), least, name)

    def test_matmulnbits_is_not_read_back(self):
        out, again = self.folder / "out.onnx", self.folder / "again"
        self.succeeds("weights", self.network, "--format", "int4", "--operator", "matmulnbits", "-o", out)
        for words in (["inspect", out], ["weights", out, "--format", "int8", "-o", again], ["release", out, "--calibrate", self.folder, "-o", again]):
            self.refused(3, *words, says=["MatMulNBits", "before it was quantized"])
        self.assertFalse(again.exists())

    def test_json_says_what_stayed(self):
        self.succeeds("weights", self.network, "--format", "int8", "-o", self.folder / "out.onnx")
        said = self.json_of("weights", self.folder / "out.onnx", "--format", "int4", "-o", self.folder / "again.onnx")
        self.assertEqual(said["tensors"], 0)
        self.assertEqual({each["reason"]: each["tensors"] for each in said["unchanged"]}, {"integers already": 3, "small": 3})

    def test_refused(self):
        out = self.folder / "out.onnx"
        before = self.entries()
        self.refused(2, "weights", self.network, "--format", "int5", "-o", out, says=["int5"])
        self.refused(2, "weights", self.network, "--format", "int8", "--block", 32, "-o", out, says=["block"])
        self.refused(2, "weights", self.network, "--format", "int4", "--block", 31, "-o", out, says=["31"])
        self.refused(3, "weights", self.folder / "none.onnx", "--format", "int4", "-o", out, says=["none.onnx"])
        self.refused(3, "weights", self.network, "--format", "int4", "-o", self.folder / "none" / "out.onnx", says=["none"])
        self.assertEqual(self.entries(), before)
        os.truncate(self.folder / "network.data", 100_000)
        self.refused(3, "weights", self.network, "--format", "int4", "-o", out, says=["network.onnx", "network.data", "end"])
        (self.folder / "network.data").unlink()
        self.refused(3, "weights", self.network, "--format", "int4", "-o", out, says=["network.data", "not beside"])
        self.assertEqual(self.entries(), ["network.onnx"])

    def test_a_full_disk_leaves_nothing(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

        before = self.entries()
        self.refused(3, "weights", self.network, "--format", "int8", "-o", self.folder / "out.onnx", says=["out.onnx.data"], preexec_fn=limit)
        self.assertEqual(self.entries(), before)


if __name__ == "__main__":
    unittest.main()
