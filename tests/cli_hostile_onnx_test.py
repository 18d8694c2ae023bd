"""Damaged and malicious ONNX files, as cli_hostile_test.py has them for checkpoints: structure that lies, loops, is too deep or too large, and data
that lie elsewhere.

MANTISSA_SHOW=1 prints each message.
"""

import collections
import os
import sys
import unittest

from cli_cut_custom_test import wrapped
from hostile_tools import HostileCase
from onnx_files import (INT32, INT64, STRING, UINT8, Small, attribute, constant, field, fields, floats, graph, integers, model, node, of_graph, of_tensor,
                        small, tensor, value, varint)

SOUND, BAD, UNSUPPORTED, REFUSED = (0,), (3,), (5,), (3, 5)


def shaped():
    """A small network that computes sizes, as exporters write it: Shape, Gather, Mul, Concat, Reshape, and constants in nodes."""
    parts = Small(channels=1, features=1)
    parts.nodes[3:] = [node("Shape", ["c"], ["s"]), constant("at", integers("", [2])), node("Gather", ["s", "at"], ["h1"]), constant("two", integers("", [2])),
                       node("Mul", ["h1", "two"], ["h2"]), node("Slice", ["s", "from", "to"], ["w1_"]), node("Mul", ["w1_", "two"], ["w2_"]),
                       node("Concat", ["ones", "h2", "w2_"], ["size"], axis=0), node("DepthToSpace", ["c"], ["d"], blocksize=2),
                       node("Reshape", ["d", "size"], ["y"], "shape")]
    parts.more = [integers("from", [3]), integers("to", [4]), integers("ones", [1, 1])]
    return parts.bytes()


def nested(depth):
    """A graph in an attribute of a node of a graph in an attribute ..., as If and Loop have them."""
    message = b""
    for _ in range(depth):
        message = fields(1, [field(4, "If") + field(5, field(1, "then_branch") + of_graph(message))])
    return message


def with_nodes(*nodes, **changes):
    """The small network, and nodes behind its end that lead to a second output z."""
    parts = Small()
    parts.nodes += nodes
    return parts.bytes(**changes)


def with_weights(message, **changes):
    """The small network with another tensor for the weights of its first convolution."""
    return small(w1=message, **changes)


def bad_structure():
    """(name, content, the exit codes that it may have)"""
    whole = Small()
    yield "nothing but a version", field(1, 8), BAD
    yield "no graph", field(1, 8) + field(8, field(2, 17)), BAD
    yield "an empty graph", model(b""), BAD
    yield "two graphs", small(model_extra=field(7, graph(whole.nodes, whole.inputs, whole.outputs))), REFUSED + SOUND
    yield "no nodes", small(nodes=[]), BAD
    yield "no inputs", small(inputs=[]), BAD
    yield "no outputs", small(outputs=[]), BAD
    yield "two inputs", small(inputs=[*whole.inputs, value("z", (1, 3, 8, 8))]), REFUSED
    yield "no opset", field(1, 8) + field(7, graph(whole.nodes, whole.inputs, whole.outputs, [whole.w1, whole.w2, whole.bias])), BAD
    for opset in (-1, 0, 1, 8, 10_000, 1 << 31, 1 << 62, (1 << 64) - 1):
        yield f"opset {opset}", small(opset=opset), REFUSED
    yield "two opsets", small(model_extra=field(8, field(2, 11))), BAD
    yield "a domain of its own", small(domains=["com.example"]), SOUND
    yield "functions", small(model_extra=field(25, field(1, "f") + field(10, "com.example"))), UNSUPPORTED
    yield "sparse constants", small(extra=field(15, field(1, floats("v", (1,), [1.0])))), UNSUPPORTED
    for name in ("Abs2", "", "conv", "x" * 100_000, "\x1b[2J", "Conv\n", "../../etc/passwd", "\u202econv"):
        yield f"operator {name[:12]!r}", with_nodes(node(name, ["y"], ["z"])), REFUSED
        yield f"domain {name[:12]!r}", with_nodes(node("Abs", ["y"], ["z"], domain=name)), SOUND if name == "" else REFUSED
    yield "bytes that are no text", with_nodes(fields(1, ["y"]) + field(2, b"\xff\xfe") + field(4, b"\xc3\x28")), REFUSED
    for depth in (1, 3, 40, 95, 200, 5000):
        yield f"graphs {depth} deep", model(nested(depth)), REFUSED
        yield f"graphs {depth} deep behind a network", with_nodes(field(4, "If") + field(5, field(1, "then_branch") + of_graph(nested(depth)))), REFUSED
    yield "deep types", small(inputs=[field(1, "x") + field(2, deep_type(2000))]), REFUSED
    yield "a sequence", small(inputs=[field(1, "x") + field(2, deep_type(1))]), REFUSED


def deep_type(depth):
    """A sequence of sequences of ..."""
    message = field(1, field(1, 1))
    for _ in range(depth):
        message = field(4, field(1, message))
    return message


def bad_names():
    whole = Small()
    yield "a node that reads itself", small(nodes=[*whole.nodes, node("Add", ["z", "y"], ["z"])]), BAD
    loop = [node("Add", ["x", "q"], ["p"]), node("Relu", ["p"], ["q"])]
    yield "two nodes that wait for each other", small(nodes=[*loop, *whole.nodes]), BAD
    ring = [node("Relu", [f"r{i}"], [f"r{(i + 1) % 20_000}"]) for i in range(20_000)]
    yield "a ring of 20,000 nodes", small(nodes=[*ring, *whole.nodes]), BAD
    yield "an end before the beginning", small(nodes=whole.nodes[::-1]), SOUND
    yield "a value made twice", small(nodes=[*whole.nodes, node("Relu", ["a"], ["b"])]), BAD
    yield "an output named twice by one node", small(nodes=[*whole.nodes, node("Split", ["a"], ["p", "p"], axis=1)]), BAD
    yield "an input that a node makes", small(nodes=[*whole.nodes, node("Relu", ["a"], ["x"])]), BAD
    yield "a constant that a node makes", small(nodes=[*whole.nodes, node("Relu", ["a"], ["w2"])]), BAD
    yield "a constant twice", small(more=[whole.w1]), BAD
    yield "an input twice", small(inputs=whole.inputs * 2), BAD
    yield "an output twice", small(outputs=whole.outputs * 2), REFUSED
    yield "an output that is an input", small(outputs=whole.inputs), REFUSED + SOUND
    yield "an output that is a constant", small(outputs=[value("w1", (4, 3, 3, 3))]), REFUSED
    yield "an output that nobody makes", small(outputs=[value("nothing", (1, 3, 8, 8))]), BAD
    yield "a node without outputs", small(nodes=[*whole.nodes, node("Relu", ["y"], [])]), REFUSED + SOUND
    yield "a nameless input", small(inputs=[value("", ("n", 3, "h", "w"))]), BAD
    yield "a nameless constant", small(more=[floats("", (1,), [0.0])]), BAD
    yield "weights that are missing", small(w1=floats("other", (1,), [0.0])), BAD
    yield "a bias that is missing", small(bias=floats("other", (1,), [0.0])), BAD
    yield "an input that is missing", small(nodes=[node("Conv", ["", "w1"], ["a"]), *whole.nodes[1:]]), BAD
    yield "a hundred thousand inputs of a node", with_nodes(node("Concat", ["y"] * 100_000, ["z"], axis=1)), SOUND + REFUSED
    yield "a hundred thousand nodes", small(nodes=[*whole.nodes, *(node("Relu", ["y"], [f"z{i}"]) for i in range(100_000))]), SOUND + REFUSED
    chain = [node("Relu", ["y" if i == 0 else f"z{i}"], [f"z{i + 1}"]) for i in range(50_000)]
    yield "a chain of 50,000 nodes", small(nodes=[*whole.nodes, *chain], outputs=[value("z50000", ("n", 3, "H", "W"))]), SOUND + REFUSED
    doubling = [node("Add", ["y" if i == 0 else f"z{i}"] * 2, [f"z{i + 1}"]) for i in range(60)]
    yield "2^60 paths", small(nodes=[*whole.nodes, *doubling], outputs=[value("z60", ("n", 3, "H", "W"))]), SOUND
    yield "a name of 10 MB", with_nodes(node("Relu", ["y"], ["z" * 10_000_000])), SOUND + REFUSED
    for name in ("\x1b[2J\x07", "\u202egnp.x", "\x9b2J", "x" * 3000):
        sound = [node("Conv", ["x", "w1"], [name], name, pads=[1, 1, 1, 1]), node("Relu", [name], ["b"], name), *whole.nodes[2:]]
        yield f"names {name[:8]!r} in a sound network", small(nodes=sound), SOUND
    yield "a name that moves the cursor", with_nodes(node("Conv", ["y", "nothing"], ["z"], "\x1b[2J\r\x07")), BAD
    yield "documentation of 20 MB", small(extra=field(10, "x" * 20_000_000)), SOUND
    yield "metadata of 20 MB", small(model_extra=field(14, field(1, "mantissa.task") + field(2, "[" * 20_000_000))), BAD
    yield "our metadata, of another network", small(model_extra=field(14, field(1, "mantissa.task") + field(2, '{"scale": 7}'))), BAD


def bad_tensors():
    huge = (1 << 62, 4)
    for shape in ((1 << 31, 1 << 31, 3, 3), (1 << 62, 4, 3, 3), (-1, 3, 3, 3), (-4, -3, 3, 3), (0, 3, 3, 3), (4, 3, 0, 3), (4, 3, 3), (4,), (), (4, 3, 3, 3, 1),
                  (4, 3, 3, 4), (1 << 63, 3, 3, 3), (1,) * 500, (4, 3, 1 << 20, 1 << 20), (36, 3, 1, 1, 1, 1)):
        yield f"weights {str(shape)[:24]} with the data of 4x3x3x3", with_weights(tensor("w1", shape, bytes(4 * 4 * 27))), BAD
        yield f"weights {str(shape)[:24]} without data", with_weights(tensor("w1", shape)), BAD
    for kind in (0, UINT8, INT32, INT64, STRING, 10, 11, 14, 16, 17, 22, 99, 1 << 31, -1):
        yield f"weights of type {kind}", with_weights(tensor("w1", (4, 3, 3, 3), bytes(4 * 4 * 27), kind)), REFUSED
        yield f"a picture of type {kind}", small(inputs=[value("x", ("n", 3, "h", "w"), kind)]), REFUSED
    for outputs, inputs, bias in ((12, 5, 12), (12, 3, 12), (12, 4, 11), (0, 4, 12)):
        weights = floats("w2", (outputs, inputs, 3, 3), [0.0] * (outputs * inputs * 9))
        yield f"a convolution {outputs}x{inputs}, bias {bias}", small(w2=weights, bias=floats("b2", (bias,), [0.0] * bias)), BAD
    for name, end in (("one byte short", bytes(4 * 4 * 27 - 1)), ("one byte long", bytes(4 * 4 * 27 + 1)), ("empty", b"")):
        yield f"weights {name}", with_weights(tensor("w1", (4, 3, 3, 3), end)), BAD
    yield "weights that are no numbers", with_weights(floats("w1", (4, 3, 3, 3), [float("nan")] * 108)), BAD
    yield "weights without end", with_weights(floats("w1", (4, 3, 3, 3), [float("inf")] * 108)), BAD
    yield "numbers of two kinds", with_weights(tensor("w1", (4, 3, 3, 3), None, extra=field(4, bytes(400)) + field(7, b"\0" * 108))), BAD
    yield "data in a segment", with_weights(tensor("w1", (4, 3, 3, 3), bytes(432), extra=field(3, field(1, 0) + field(2, 400)))), UNSUPPORTED
    yield "a size of the picture that is enormous", small(inputs=[value("x", (1, 3, 1 << 40, 1 << 40))]), SOUND + REFUSED
    yield "a size of the picture below zero", small(inputs=[value("x", (1, 3, -5, -5))]), SOUND + REFUSED
    yield "a picture of 2^62 channels", small(inputs=[value("x", (1, 1 << 62, 8, 8))]), REFUSED
    yield "a picture of no pixels", small(inputs=[value("x", (1, 3, 0, 0))]), REFUSED + SOUND
    yield "a picture of five dimensions", small(inputs=[value("x", (1, 3, 8, 8, 8))]), REFUSED
    yield "a picture of 100,000 dimensions", small(inputs=[value("x", [1] * 100_000)]), REFUSED
    yield "a picture without a shape", small(inputs=[field(1, "x") + field(2, field(1, field(1, 1)))]), REFUSED
    yield "a picture without a type", small(inputs=[field(1, "x")]), BAD
    reshape = [node("Reshape", ["y", "target"], ["z"])]
    for target in ([-1, -1], [1 << 62, 1 << 62], [-5, 3], [0] * 4000, list(huge)):
        yield f"reshaped to {str(target)[:20]}", with_nodes(*reshape, more=[integers("target", target)], outputs=[value("z", ("a", "b"))]), REFUSED
    for op, sizes in (("Expand", [1 << 40, 1, 1, 1]), ("Tile", [1 << 30] * 4), ("ConstantOfShape", [1 << 40, 1 << 20])):
        inputs = ["sizes"] if op == "ConstantOfShape" else ["y", "sizes"]
        yield f"{op} to {sizes[0]}", with_nodes(node(op, inputs, ["z"]), more=[integers("sizes", sizes)], outputs=[value("z", list("abcd"))]), SOUND + REFUSED
        yield f"{op} beside the network", with_nodes(node(op, inputs, ["z"]), more=[integers("sizes", sizes)]), SOUND + REFUSED


def bad_attributes():
    def convolution(**attributes):
        return small(nodes=[node("Conv", ["x", "w1"], ["a"], "conv1", **attributes), *Small().nodes[1:]])

    far = 1 << 62
    for name, values in (("pads", [1]), ("pads", [-1] * 4), ("pads", [far] * 4), ("pads", [1] * 100_000), ("strides", [0, 0]), ("strides", [-1, 1]),
                         ("strides", [far, far]), ("dilations", [0, 0]), ("dilations", [far, far]), ("dilations", [-1, -1]), ("kernel_shape", [5, 5]),
                         ("kernel_shape", [0, 0]), ("kernel_shape", [3]), ("group", 0), ("group", -1), ("group", far), ("group", 3), ("auto_pad", "SOMETIMES"),
                         ("auto_pad", 7), ("pads", 1.5), ("pads", "1"), ("unheard_of", 1)):
        # Where nothing says how large the picture is, some of them leave a network that is merely odd.
        yield f"convolution with {name} {str(values)[:20]}", convolution(**{name: values}), SOUND + REFUSED
    for block in (0, -1, 3, 7, 1 << 20, far, -far):
        yield f"blocks of {block}", small(nodes=[*Small().nodes[:3], node("DepthToSpace", ["c"], ["y"], blocksize=block)]), REFUSED
    yield "blocks of no size", small(nodes=[*Small().nodes[:3], node("DepthToSpace", ["c"], ["y"])]), BAD
    twice = node("Conv", ["x", "w1"], ["a"], pads=[1] * 4) + field(5, attribute("pads", [2] * 4))
    yield "an attribute with two values", small(nodes=[twice, *Small().nodes[1:]]), BAD
    yield "an attribute of no type", small(nodes=[node("Conv", ["x", "w1"], ["a"]) + field(5, field(1, "pads")), *Small().nodes[1:]]), REFUSED
    yield "an attribute of 20 MB", with_nodes(node("Abs", ["y"], ["z"], note="x" * 20_000_000)), REFUSED + SOUND
    yield "ten million numbers in an attribute", with_nodes(node("Abs", ["y"], ["z"], pads=field(8, b"") + b"\x40\x01" * 10_000_000 + field(20, 7))), REFUSED + SOUND
    yield "a constant of 4 GB in an attribute", with_nodes(constant("k", tensor("", (1 << 30,)))), BAD
    yield "a constant node without an output", with_nodes(node("Constant", [], [], value_float=1.0)), BAD
    yield "a constant node of two outputs", with_nodes(node("Constant", [], ["k", "l"], value_float=1.0)), BAD
    yield "a constant node without a value", with_nodes(node("Constant", [], ["k"])), BAD
    yield "a constant node with two", with_nodes(node("Constant", [], ["k"], value=of_tensor(floats("", (1,), [0.0])), value_float=1.0)), BAD
    yield "an attribute that refers to a function's", with_nodes(node("Abs", ["y"], ["z"], a=field(21, "outer") + field(20, 1))), REFUSED
    for number in range(0, 40):
        yield f"unknown field {number} in the graph", small(extra=varint(number << 3 | 7) + b"\x01"), REFUSED


def bad_files():
    """(name, the location that the file names, offset and length)"""
    for location in ("/etc/passwd", "../outside.bin", "a/../../outside.bin", "./../outside.bin", "link.bin", "link/outside.bin", "", ".", "..", "/", "folder",
                     "missing.bin", "//etc/passwd", "inside.bin/..", "inside.bin\0/../x", "\x1b[2J", "x" * 5000, "/dev/zero", "/dev/stdin", "pipe", "x.onnx/",
                     "C:\\windows", "..\\outside.bin", "file:///etc/passwd", "http://localhost/x", "~/x", "loop.bin", "chain.bin"):
        yield f"external data at {location[:24]!r}", location, {}
    for offset, length in (("-1", "432"), ("0", "-1"), ("1", "432"), ("0", "433"), (str(1 << 63), "432"), (str((1 << 64) - 1), "432"), ("9" * 40, "432"), ("0", str(1 << 62)),
                           ("0x10", "432"), ("", "432"), ("0", ""), ("1e3", "432"), (str((1 << 64) - 432), "432"), ("432", "432"), ("0", "1")):
        yield f"external data from {offset[:20]}, {length[:20]} bytes", "inside.bin", {"offset": offset, "length": length}


class HostileOnnx(HostileCase):
    PRINTS = "receptive field"
    NAME = "x.onnx"

    def setUp(self):
        super().setUp()
        self.outcomes = collections.Counter()

    def judge_each(self, cases):
        for name, content, expected in cases:
            with self.subTest(name):
                self.judge("onnx", name, content, expected)

    def test_damaged(self):
        self.judge_all("onnx", Small(channels=1, features=1).bytes(), [], count=400, least=0.3)

    def test_damaged_sizes(self):
        self.judge_all("onnx with sizes", shaped(), [], count=300, least=0.3)

    def test_damaged_around_the_network(self):
        self.FLAGS = ("--cut-custom",)
        self.judge_all("onnx of an application", wrapped(), [], count=200, least=0.2)

    def test_cut_off_anywhere(self):
        whole = shaped()
        for length in range(0, len(whole), 7):
            self.judge("onnx", f"the first {length} bytes", whole[:length], (3, 5))

    def test_structure(self):
        self.judge_each(bad_structure())

    def test_names(self):
        self.judge_each(bad_names())

    def test_tensors(self):
        self.judge_each(bad_tensors())

    def test_attributes(self):
        self.judge_each(bad_attributes())

    def test_external_data(self):
        inner = self.folder / "inner"
        (inner / "folder").mkdir(parents=True)
        for folder in (self.folder, inner):
            (folder / ("inside.bin" if folder == inner else "outside.bin")).write_bytes(bytes(432))
        for link, to in (("link.bin", "../outside.bin"), ("link", ".."), ("loop.bin", "loop.bin"), ("chain.bin", "link.bin")):
            (inner / link).symlink_to(to)
        os.mkfifo(inner / "pipe")
        self.NAME = "inner/x.onnx"
        for name, location, place in bad_files():
            content = with_weights(tensor("w1", (4, 3, 3, 3), external={"location": location, **place}))
            self.judge("external", name, content, (3,))
        sound = with_weights(tensor("w1", (4, 3, 3, 3), external={"location": "inside.bin", "offset": "0", "length": "432"}))
        self.judge("external", "inside", sound, (0,))
        self.judge("external", "both inside and outside", with_weights(tensor("w1", (4, 3, 3, 3), bytes(432), external={"location": "/etc/passwd"})), (3,))


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
