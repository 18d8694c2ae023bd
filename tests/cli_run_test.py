"""`mantissa run` as a user types it: pictures of every kind through a small network."""

import sys
import unittest
import zlib

from cli_tools import Case, chunk, exif_of, icc_profile, pictures, png, png_chunks, read_png, tiny_network


class Pictures(Case):
    """What run does with the kinds of pictures that people have. The network as it came: no release is needed."""

    def setUp(self):
        super().setUp()
        self.network = tiny_network(self.folder / "network.pth")

    def restored(self, content, name="out.png", *words):
        (self.folder / "in.png").write_bytes(content)
        out = self.folder / name
        self.succeeds("run", self.network, self.folder / "in.png", "-o", out, *words)
        return out

    def test_colour(self):
        width, height, channels, bits, rows = read_png(self.restored(png(40, 30)))
        self.assertEqual((width, height, channels, bits), (80, 60, 3, 8))
        self.assertGreater(max(map(max, rows)) - min(map(min, rows)), 0.5, "a picture, not a flat area")

    def test_grey_stays_grey(self):
        self.assertEqual(read_png(self.restored(png(40, 30, channels=1)))[:4], (80, 60, 1, 8))

    def test_sixteen_bits_stay(self):
        deep = read_png(self.restored(png(40, 30, bits=16)))
        self.assertEqual(deep[:4], (80, 60, 3, 16))
        self.assertGreater(len({v for row in deep[4] for v in row}), 400, "more levels than 8 bits have")

    def test_alpha_is_enlarged_beside_the_colours(self):
        picture = png(40, 30, channels=4, sample=lambda x, y, c: (x >= 20) if c == 3 else x / 40)
        width, height, channels, _, rows = read_png(self.restored(picture))
        self.assertEqual((width, height, channels), (80, 60, 4))
        self.assertEqual({rows[y][4 * x + 3] for y in range(60) for x in range(30)}, {0})
        self.assertEqual({rows[y][4 * x + 3] for y in range(60) for x in range(50, 80)}, {1})

    def test_grey_with_alpha(self):
        for bits in (8, 16):
            self.assertEqual(read_png(self.restored(png(40, 30, channels=2, bits=bits), f"{bits}.png"))[:4], (80, 60, 2, bits))

    def test_one_line_of_pixels(self):
        for width, height in ((20000, 1), (1, 20000)):
            self.assertEqual(read_png(self.restored(png(width, height), f"{width}.png"))[:2], (2 * width, 2 * height))

    def test_orientation_and_colour_profile_are_copied(self):
        profile = icc_profile()
        extra = chunk(b"eXIf", exif_of(6)) + chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile))
        out = self.restored(png(40, 30, extra=extra))
        self.assertEqual(read_png(out)[:2], (80, 60), "pixels are not turned")
        chunks = png_chunks(out)
        self.assertIn(exif_of(6)[10:20], chunks[b"eXIf"])
        kept = chunks[b"iCCP"]
        self.assertEqual(zlib.decompress(kept[kept.index(b"\0") + 2:]), profile)

    def test_formats_in_and_out(self):
        marks = {"jpg": b"\xff\xd8\xff", "tif": b"II*\0", "webp": b"RIFF", "JPEG": b"\xff\xd8\xff"}
        for extension, mark in marks.items():
            with self.subTest(extension):
                out = self.restored(png(64, 48), f"out.{extension}")
                self.assertTrue(out.read_bytes().startswith(mark))
                self.succeeds("run", self.network, out, "-o", self.folder / f"{extension}.png")
                self.assertEqual(read_png(self.folder / f"{extension}.png")[:3], (256, 192, 3))

    def test_quality_changes_the_size(self):
        sizes = [self.restored(png(64, 64), f"{q}.jpg", "--quality", q).stat().st_size for q in (20, 95)]
        self.assertLess(2 * sizes[0], sizes[1])

    def test_tiles_do_not_show(self):
        whole = read_png(self.restored(png(90, 70), "whole.png"))[4]
        tiled = read_png(self.restored(png(90, 70), "tiled.png", "--tile", 32))[4]
        self.assertLessEqual(max(abs(a - b) for p, q in zip(whole, tiled) for a, b in zip(p, q)), 1.01 / 255)
        done = self.json_of("run", self.network, self.folder / "in.png", "-o", self.folder / "x.png", "--tile", 32)
        self.assertGreater(done["pictures"][0]["tiles"], 4)

    def test_the_smallest_picture(self):
        for side in (1, 2, 5):
            with self.subTest(side):
                self.assertEqual(read_png(self.restored(png(side, side), f"{side}.png"))[:2], (2 * side, 2 * side))

    def test_several_pictures_and_folders_into_a_folder(self):
        folder = pictures(self.folder / "in", count=2)
        (self.folder / "more.png").write_bytes(png(20, 20))
        done = self.json_of("run", self.network, folder, self.folder / "more.png", "-o", self.folder / "new/folder")
        self.assertEqual(len(done["pictures"]), 3)
        self.assertEqual(sorted(p.name for p in (self.folder / "new/folder").iterdir()), ["0.png", "1.png", "more.png"])
        self.refused(3, "run", self.network, folder, "-o", self.folder / "new/folder", says=["0.png", "exists"])
        self.succeeds("run", self.network, folder, "-o", self.folder / "new/folder", "--overwrite")

    def test_what_cannot_be_written_becomes_png(self):
        (self.folder / "in").mkdir()
        (self.folder / "in/a.GIF").write_bytes(png(20, 20))
        self.succeeds("run", self.network, self.folder / "in", "-o", self.folder / "out")
        self.assertEqual([p.name for p in (self.folder / "out").iterdir()], ["a.png"])

    def test_names_with_spaces_and_other_letters(self):
        name = "größe 日本 a;b.png"
        (self.folder / name).write_bytes(png(20, 20))
        self.succeeds("run", self.network, self.folder / name, "-o", self.folder / f"out {name}")
        self.assertEqual(read_png(self.folder / f"out {name}")[:2], (40, 40))

    def test_content_tells_the_kind_not_the_name(self):
        (self.folder / "really_a_png.jpg").write_bytes(png(20, 20))
        self.succeeds("run", self.network, self.folder / "really_a_png.jpg", "-o", self.folder / "o.png")

    def test_luminance_network_takes_colour_and_keeps_it(self):
        tiny_network(self.network, colours=1)
        colour = png(40, 30, sample=lambda x, y, c: (0.8, 0.4, 0.2)[c])
        width, height, channels, _, rows = read_png(self.restored(colour))
        self.assertEqual((width, height, channels), (80, 60, 3))
        red, green, blue = rows[30][120:123]
        self.assertTrue(red > green + 0.2 > blue + 0.3, (red, green, blue))
        self.assertEqual(read_png(self.restored(png(40, 30, channels=1), "grey.png"))[:3], (80, 60, 1))

if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
