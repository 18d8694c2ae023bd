"""ONNX files, written byte by byte with Python's own library only: small networks, and what no exporter would write.

The numbers of fields are those of onnx/onnx.proto; how a message is encoded: https://protobuf.dev/programming-guides/encoding/
"""

import random
import struct

FLOAT, UINT8, INT32, INT64, STRING = 1, 2, 6, 7, 8  # TensorProto.DataType


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, content):
    """A field of a message: a whole number, a 32-bit float, or bytes (text, a message)."""
    if isinstance(content, float):
        return varint(number << 3 | 5) + struct.pack("<f", content)
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def fields(number, contents):
    return b"".join(field(number, content) for content in contents)


def tensor(name, shape, raw=None, kind=FLOAT, external=None, extra=b""):
    """TensorProto; `raw`: its bytes; `external`: {"location": ...} instead."""
    message = fields(1, shape) + field(2, kind) + field(8, name)
    if raw is not None:
        message += field(9, raw)
    if external is not None:
        message += fields(13, [field(1, key) + field(2, value) for key, value in external.items()]) + field(14, 1)
    return message + extra


def floats(name, shape, values):
    return tensor(name, shape, struct.pack(f"<{len(values)}f", *values))


def integers(name, values):
    return tensor(name, (len(values),), struct.pack(f"<{len(values)}q", *values), INT64)


def attribute(name, value):
    """AttributeProto: a number, text, or a list of whole numbers; bytes are a message with field and type already."""
    if isinstance(value, bytes):
        return field(1, name) + value
    if isinstance(value, (list, tuple)):
        return field(1, name) + fields(8, value) + field(20, 7)
    number, kind = {float: (2, 1), int: (3, 2), str: (4, 3)}[type(value)]
    return field(1, name) + field(number, value) + field(20, kind)


def of_tensor(message):
    return field(5, message) + field(20, 4)


def of_graph(message):
    return field(6, message) + field(20, 5)


def node(op, inputs, outputs, name="", domain="", **attributes):
    return (fields(1, inputs) + fields(2, outputs) + (field(3, name) if name else b"") + field(4, op)
            + fields(5, [attribute(key, value) for key, value in attributes.items()]) + (field(7, domain) if domain else b""))


def constant(name, message):
    return node("Constant", [], [name], value=of_tensor(message))


def value(name, shape, kind=FLOAT):
    """ValueInfoProto; sizes are numbers or names."""
    dims = fields(1, [field(1, size) if isinstance(size, int) else field(2, size) for size in shape])
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))


def graph(nodes, inputs, outputs, initializers=(), name="network", extra=b""):
    return fields(1, nodes) + field(2, name) + fields(5, initializers) + fields(11, inputs) + fields(12, outputs) + extra


def model(graph_message, opset=17, domains=(), extra=b""):
    imports = [field(1, "") + field(2, opset)] + [field(1, domain) + field(2, 1) for domain in domains]
    return field(1, 8) + field(2, "test") + field(7, graph_message) + fields(8, imports) + extra


class Small:
    """The parts of a network that enlarges two times, to be changed one at a time before bytes() puts them together."""

    def __init__(self, channels=3, features=4):
        numbers = random.Random(1)

        def weights(*shape):
            count = shape[0] * shape[1] * shape[2] * shape[3]
            return [numbers.uniform(-0.1, 0.1) for _ in range(count)]

        self.channels = channels
        self.w1 = floats("w1", (features, channels, 3, 3), weights(features, channels, 3, 3))
        self.w2 = floats("w2", (4 * channels, features, 3, 3), weights(4 * channels, features, 3, 3))
        self.bias = floats("b2", (4 * channels,), [0.0] * 4 * channels)
        self.nodes = [node("Conv", ["x", "w1"], ["a"], "conv1", pads=[1, 1, 1, 1]), node("Relu", ["a"], ["b"], "relu"),
                      node("Conv", ["b", "w2", "b2"], ["c"], "conv2", pads=[1, 1, 1, 1]),
                      node("DepthToSpace", ["c"], ["y"], "shuffle", blocksize=2)]
        self.inputs = [value("x", ("n", channels, "h", "w"))]
        self.outputs = [value("y", ("n", channels, "H", "W"))]
        self.more = []  # initializers
        self.extra = b""
        self.opset = 17

    def bytes(self, **changes):
        domains, extra = changes.pop("domains", ()), changes.pop("model_extra", b"")
        for name, change in changes.items():
            setattr(self, name, change)
        return model(graph(self.nodes, self.inputs, self.outputs, [self.w1, self.w2, self.bias, *self.more], extra=self.extra), self.opset,
                     domains, extra)


def small(**changes):
    return Small().bytes(**changes)
