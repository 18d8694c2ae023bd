"""Hundreds of damaged and malicious files of each container, given as a user does: each ends in one readable line and exit code 3 or 5, or the
file is still the same network, within little processor time and 300 MB, and nothing is left behind.

MANTISSA_SHOW=1 prints each message.
"""

import io
import json
import pickle
import struct
import sys
import unittest
import zipfile

from cli_tools import integer, text, tensor, tiny_network, tiny_state
from hostile_tools import HostileCase


def safetensors(state):
    """The bytes of a safetensors file of {key: (shape, values)}."""
    header, data = {}, b""
    for key, (shape, values) in state.items():
        header[key] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(data), len(data) + 4 * len(values)]}
        data += struct.pack(f"<{len(values)}f", *values)
    return with_header(json.dumps(header).encode(), data)


def with_header(header, data):
    return struct.pack("<Q", len(header)) + header + data


def legacy(state, protocol=2):
    """The bytes of torch.save's form before PyTorch 1.6."""
    def pickled(body):
        return b"\x80\x02" + body + b"."
    items = b"".join(text(key) + legacy_tensor(str(i), shape) for i, (key, (shape, _)) in enumerate(state.items()))
    keys = b"](" + b"".join(text(str(i)) for i in range(len(state))) + b"e"
    storages = b"".join(struct.pack(f"<q{len(values)}f", len(values), *values) for _, values in state.values())
    system = pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}, protocol)
    return (pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + system
            + pickled(b"ccollections\nOrderedDict\n)R(" + items + b"u") + pickled(keys) + storages)


def legacy_tensor(key, shape):
    """As tensor(), with the sixth field that the legacy form has: no view."""
    return tensor(key, shape).replace(b"tQ", b"NtQ", 1)


def archive_of(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def bad_pickles():
    """Programs for the pickle machine, each in one way malicious."""
    call = lambda name, *arguments: b"c" + name.replace(".", "\n", 1).encode() + b"\n(" + b"".join(arguments) + b"tR"
    for name in ("os.system", "posix.system", "builtins.eval", "builtins.exec", "subprocess.Popen", "builtins.getattr", "runpy._run_code",
                 "torch.load", "torch.hub.load", "nt.system", "socket.create_connection", "builtins.__import__", "shutil.rmtree",
                 "torch.serialization.load", "numpy.load", "pickle.loads", "functools.partial", "operator.attrgetter"):
        yield f"calls {name}", b"\x80\x02" + call(name, text("touch owned")) + b"."
        yield f"calls {name} through STACK_GLOBAL", b"\x80\x04" + text(name.split(".")[0]) + text(name.split(".")[1]) + b"\x93(" + text("x") + b"tR."
    yield "deep lists", b"\x80\x02" + b"]" * 300_000 + b"a" * 299_999 + b"."
    yield "deep tuples", b"\x80\x02N" + b"\x85" * 1_000_000 + b"."
    yield "deep marks", b"\x80\x02" + b"(" * 2_000_000 + b"."
    yield "a list that holds itself", b"\x80\x02]q\0h\0a."
    yield "a dictionary that holds itself", b"\x80\x02}q\0" + text("state_dict") + b"h\0s."
    yield "billion laughs", b"\x80\x02" + b"]q\0(" + b"".join(b"]q" + bytes([i]) + b"(" + b"h" + bytes([i - 1]) * 1 + (b"h" + bytes([i - 1])) * 9 + b"e"
                                                                 for i in range(1, 60)) + b"."
    yield "memo far away", b"\x80\x02}r\xff\xff\xff\x7f."
    yield "memo that is not there", b"\x80\x02h\x05."
    yield "text of 4 GB", b"\x80\x02X\xff\xff\xff\xff."
    yield "text of 2^63 bytes", b"\x80\x04\x8d" + struct.pack("<Q", 1 << 63) + b"."
    yield "number of 2^31 bytes", b"\x80\x02\x8b\xff\xff\xff\x7f."
    yield "frame that lies", b"\x80\x04\x95" + struct.pack("<Q", (1 << 64) - 1) + b"N."
    yield "nothing on the stack", b"\x80\x02."
    yield "protocol 200", b"\x80\xc8N."
    yield "persistent id of text", b"\x80\x02P0\n."
    yield "build without state", b"\x80\x02}b."
    yield "instance", b"(S'touch owned'\nios\nsystem\n."
    yield "object", b"\x80\x02(cos\nsystem\n" + text("x") + b"o."
    yield "extension", b"\x80\x02\x82\x01."
    yield "no stop", b"\x80\x02}"
    for shape in ((1 << 30, 1 << 30), (-1, 3), (0,), (1 << 31 - 1,) * 8, (3,) * 300, (1 << 30,)):
        wide = b"(" + b"".join(b"\x8a\x08" + struct.pack("<q", size) for size in shape) + b"t"
        storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + integer(6) + b"tQ"
        built = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + integer(0) + wide + wide + b"\x89ccollections\nOrderedDict\n)RtR"
        yield f"shape {shape[:3]}", b"\x80\x02}" + text("w") + built + b"s."
    sound = tensor("0", (6,))
    yield "keys twice", b"\x80\x02}(" + text("w") + sound + text("w") + sound + b"u."
    yield "keys that are numbers", b"\x80\x02}(" + integer(1) + sound + b"u."
    yield "storage name with a path", b"\x80\x02}" + text("w") + sound.replace(text("0"), text("../../etc/passwd"), 1) + b"s."
    yield "escape sequences", b"\x80\x02}" + text("\x1b[2J\x07" * 40) + sound + b"s."


def bad_zips():
    values = struct.pack("<6f", *range(6))
    good = b"\x80\x02}" + text("w") + tensor("0", (6,)) + b"s."
    yield "bomb", archive_of([("a/data.pkl", good), ("a/data/0", b"\0" * 400_000_000)])
    yield "bomb of a pickle", archive_of([("a/data.pkl", b"\x80\x02" + b"N0" * 150_000_000 + b"N.")])
    yield "bomb of numbers", archive_of([("a/data.pkl", b"\x80\x02](" + b"K\0" * 60_000_000 + b"e.")])
    yield "two pickles", archive_of([("a/data.pkl", good), ("b/data.pkl", good), ("a/data/0", values)])
    yield "no pickle", archive_of([("a/data/0", values)])
    yield "many entries", archive_of([("a/data.pkl", good), ("a/data/0", values)] + [(f"a/data/{i}", b"") for i in range(1, 60_000)])
    yield "storage too short", archive_of([("a/data.pkl", good), ("a/data/0", values[:-1])])
    yield "TorchScript", archive_of([("a/data.pkl", good), ("a/code/x.py", b""), ("a/constants.pkl", b"")])
    yield "torch.export", archive_of([("a/archive_format", b"pt2"), ("a/models/model.json", b"{}")])
    yield "nested archive", archive_of([("a.zip", archive_of([("a/data.pkl", good)]))])
    yield "folder above", archive_of([("../data.pkl", good), ("../data/0", values)])
    for data in (b"", b"PK\x05\x06" + b"\0" * 18, b"PK\x03\x04" + b"\xff" * 60, b"PK\x03\x04"):
        yield "bare signatures", data


def bad_headers():
    data = struct.pack("<6f", *range(6))
    entry = '{"dtype":"F32","shape":[6],"data_offsets":[0,24]}'
    for header in ('{"w":' * 200_000, "[" * 5_000_000, '{"w":' + entry + "," * 1_000_000 + "}", '{"' + "x" * 50_000_000 + '":0}',
                   '{"w":' + entry.replace("[6]", "[" + "1," * 5_000_000 + "6]") + "}", '{"w":' + entry.replace("6", "-6") + "}",
                   '{"w":' + entry.replace("[6]", "[1e1]") + "}", '{"w":' + entry.replace("[0,24]", "[0,1e300]") + "}",
                   '{"w":' + entry.replace("24", "9" * 4000) + "}", '{"\x1b[2J":' + entry + "}", '{"\\u001b[2J\\u0007":' + entry + "}",
                   '{"w":' + entry.replace("F32", "F8_E4M3") + "}", '{"w":' + entry.replace("F32", "\\u001b[2J") + "}",
                   '{"__metadata__":' + entry + "}", '{"__metadata__":{"a":"' + "x" * 20_000_000 + '"},"w":' + entry + "}",
                   '{"\\ud800":' + entry + "}", "{}", "[]", "null", '"' * 100, '{"w":' + entry + ',"w":' + entry + "}",
                   "{" + ",".join(f'"t{i}":' + entry.replace("6", "0", 1).replace("24", "0") for i in range(200_000)) + "}"):
        yield "header " + header[:20], with_header(header.encode("utf-8", "surrogatepass"), data)
    for length in (0, 1, 1 << 31, 1 << 62, (1 << 64) - 1, 100_000_000, 100_000_001):
        yield f"length {length}", struct.pack("<Q", length) + b"{" + data


class Hostile(HostileCase):
    PRINTS = "SRVGGNetCompact"

    def test_zip(self):
        whole = tiny_network(self.folder / "whole.pth", features=4).read_bytes()
        (self.folder / "whole.pth").unlink()
        special = [(name, archive_of([("a/data.pkl", program), ("a/data/0", struct.pack("<6f", *range(6)))])) for name, program in bad_pickles()]
        self.judge_all("zip", whole, [*special, *bad_zips()])

    def test_legacy(self):
        whole = legacy(tiny_state(features=4))
        start = whole[:whole.index(b"\x80\x02ccollections")]
        self.judge_all("legacy", whole, [(name, start + program + b"\x80\x02].") for name, program in bad_pickles()])

    def test_safetensors(self):
        self.judge_all("safetensors", safetensors(tiny_state(features=4)), bad_headers())


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
