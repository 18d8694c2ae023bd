"""ONNX files with operators of onnxruntime-extensions around the network, as its tool for mobile applications writes them: without --cut-custom they
are refused by name, with it the network inside is the same as before they were put around it.
"""

import sys
import unittest

from cli_tools import SHARED, Case, needs_shared, pictures, png
from onnx_files import UINT8, Small, attribute, constant, field, floats, integers, node, value

BAD_INPUT, UNSUPPORTED = 3, 5
DOMAIN = "com.microsoft.extensions"


def reversed_channels(name, picture, out):
    """The step ReverseAxis: Split, then Concat the other way round."""
    parts = [f"{name}{i}" for i in range(3)]
    return [node("Split", [picture], parts, axis=2), node("Concat", parts[::-1], [out], axis=2)]


def wrapped(preparation=(), red_first=True, offset=0.0, within=()):
    """The network of Small from and to the bytes of pictures; `preparation`: of "float" to "prepared"; numbers are (level / 255 - offset) / (1 - offset)."""
    parts = Small()
    scalar = lambda name, number: constant(name, floats("", (1,), [number]))
    front = [node("DecodeImage", ["image"], ["bgr"], "decode", DOMAIN)]
    front += reversed_channels("front", "bgr", "pixels") if red_first else [node("Identity", ["bgr"], ["pixels"])]
    front += [node("Transpose", ["pixels"], ["chw"], perm=[2, 0, 1]), node("Cast", ["chw"], ["levels"], to=1), scalar("f255", 255.0), scalar("offset", offset),
              scalar("span", 1 - offset), node("Div", ["levels", "f255"], ["unit"]), node("Sub", ["unit", "offset"], ["moved"]),
              node("Div", ["moved", "span"], ["float"]), *(preparation or [node("Identity", ["float"], ["prepared"])]),
              constant("axes", integers("", [0])), node("Unsqueeze", ["prepared", "axes"], ["x"])]
    back = [node("Squeeze", ["y", "axes"], ["y3"]), node("Mul", ["y3", "span"], ["y_span"]), node("Add", ["y_span", "offset"], ["y_unit"]),
            node("Mul", ["y_unit", "f255"], ["y255"]), node("Round", ["y255"], ["rounded"]), scalar("f0", 0.0), node("Clip", ["rounded", "f0", "f255"], ["clipped"]),
            node("Cast", ["clipped"], ["bytes"], to=UINT8), node("Transpose", ["bytes"], ["hwc"], perm=[1, 2, 0])]
    back += reversed_channels("back", "hwc", "turned") if red_first else [node("Identity", ["hwc"], ["turned"])]
    back += [node("EncodeImage", ["turned"], ["image_out"], "encode", DOMAIN) + field(5, attribute("format", "png"))]
    parts.nodes = [*front, *(within or parts.nodes[:1]), *parts.nodes[1:], *back]
    return parts.bytes(inputs=[value("image", ("num_bytes",), UINT8)], outputs=[value("image_out", ("out_bytes",), UINT8)], domains=[DOMAIN], opset=18)


class CutCustom(Case):
    def write(self, content):
        path = self.folder / "mobile.onnx"
        path.write_bytes(content)
        return path

    def inspected(self, content):
        return self.json_of("inspect", self.write(content), "--cut-custom")

    def test_without_the_flag(self):
        path, folder = self.write(wrapped()), pictures(self.folder / "pictures", count=1)
        for words in (("inspect", path), ("release", path, "--calibrate", folder, "-o", self.folder / "out"), ("run", path, folder / "0.png", "-o", self.folder / "o.png")):
            self.refused(BAD_INPUT, *words, says=["DecodeImage decode", "EncodeImage encode", "--cut-custom"])

    def test_the_network_inside_is_the_same(self):
        plain = self.folder / "plain.onnx"
        plain.write_bytes(Small().bytes(opset=18))
        path, picture = self.write(wrapped()), self.folder / "p.png"
        picture.write_bytes(png(40, 30))
        for name, network, flags in (("a", plain, ()), ("b", path, ("--cut-custom",))):
            self.succeeds("run", network, picture, "-o", self.folder / f"{name}.png", "--provider", "onnxruntime-cpu", *flags)
        self.assertEqual((self.folder / "a.png").read_bytes(), (self.folder / "b.png").read_bytes())
        repaired = self.folder / "repaired.onnx"
        self.succeeds("inspect", path, "--cut-custom", "--repair", repaired)
        found, expected = self.json_of("inspect", repaired), self.json_of("inspect", plain)
        for key in ("task", "scale", "range", "parameters", "operators", "macs_per_pixel"):
            self.assertEqual(found[key], expected[key], key)

    def test_what_is_cut_off_tells_the_range(self):
        found = self.inspected(wrapped())
        self.assertEqual((found["range"], "range_out" in found), ([0, 1], False))
        self.assertNotIn("range 0..1", found["assumed"])
        self.assertTrue(any("was cut off" in fact for fact in found["assumed"]), found["assumed"])
        self.assertEqual(self.inspected(wrapped(offset=0.5))["range"], [-1, 1])

    def test_a_file_without_such_operators_stays(self):
        self.assertEqual(self.inspected(Small().bytes())["assumed"], ["range 0..1", "colour rgb"])

    def test_what_a_task_cannot_say(self):
        channels = [constant("means", floats("", (3, 1, 1), [0.4, 0.5, 0.6])), node("Sub", ["float", "means"], ["prepared"])]
        for content, says in ((wrapped(channels), ["other numbers for each channel", "Sub"]), (wrapped(red_first=False), ["blue before red", "DecodeImage"])):
            self.refused(UNSUPPORTED, "inspect", self.write(content), "--cut-custom", says=says)

    def test_a_network_that_is_not_whole(self):
        inside = [node("Conv", ["x", "w1"], ["a0"], pads=[1, 1, 1, 1]), node("Sharpen", ["a0"], ["a"], "sharpen", DOMAIN)]
        self.refused(UNSUPPORTED, "inspect", self.write(wrapped(within=inside)), "--cut-custom", says=["Sharpen sharpen", "within the network"])
        alone = Small().bytes(nodes=[node("DecodeImage", ["x"], ["y"], "decode", DOMAIN)])
        self.refused(UNSUPPORTED, "inspect", self.write(alone), "--cut-custom", says=["no convolution"])

    @needs_shared("models/onnx_subpixel")
    def test_the_file_of_an_application(self):
        path = SHARED / "models/onnx_subpixel/superresolution_with_pre_post_processing_op18.onnx"
        self.refused(BAD_INPUT, "inspect", path, says=["DecodeImage", "EncodeImage", "--cut-custom"])
        found = self.json_of("inspect", path, "--cut-custom")
        self.assertEqual((found["task"], found["scale"], found["colour"], found["range"]), ("super-resolution", 3, "luminance", [0, 1]))


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
