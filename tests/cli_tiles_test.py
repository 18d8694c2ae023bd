"""Pictures cut into tiles: no seams in any variant on any engine, a limit on memory, and alpha through the network."""

import sys
import unittest

from cli_tools import ROOT, Case, manifest_of, noise, png, read_png, tiny_network

# Of 65535. Measured with VNNI and AMX: 0 in fp32 and int8 on both engines, 256 (a step of bfloat16) in bf16.
FP32_BOUND = 3  # engines may add in another order for tiles of another size, and 16 bits are rounded
# Where such a difference falls between two levels inside the network, a step of one activation shows outside.
NARROW_BOUND = 2 * 257  # two levels of 255


def textured(x, y, c):
    return 0.5 + 0.2 * ((x // 7 + y // 5 + c) % 2) + 0.3 * ((x * 37 + y * 91 + c * 17) % 64) / 64 - 0.25


class Seams(Case):
    """Whole and in tiles, the same release of the bundled sample network gives the same picture."""

    @classmethod
    def setUpClass(cls):
        cls.keeper = Case()
        cls.keeper.setUp()
        cls.release = cls.keeper.folder / "release"
        examples = ROOT / "examples"
        cls.keeper.succeeds("release", examples / "sample/sample_x2.pth", "--calibrate", examples / "pictures/calibrate",
                            "--evaluate", examples / "pictures/evaluate", "--degrade", "bicubic:2", "-o", cls.release)

    @classmethod
    def tearDownClass(cls):
        cls.keeper.doCleanups()

    def difference(self, width, height, *words):
        """The largest, of 65535, and the mean."""
        (self.folder / "in.png").write_bytes(png(width, height, bits=16, sample=textured))
        rows = []
        for tile in (4096, 48):
            out = self.folder / f"{tile}.png"
            done = self.json_of("run", self.release, self.folder / "in.png", "-o", out, "--overwrite", "--tile", tile, *words)
            self.assertEqual(done["pictures"][0]["tiles"] > 1, tile < max(width, height))
            size = read_png(out)
            self.assertEqual(size[:4], (2 * width, 2 * height, 3, 16))
            rows.append(size[4])
        differences = [round(abs(a - b) * 65535) for p, q in zip(*rows) for a, b in zip(p, q)]
        return max(differences), sum(differences) / len(differences)

    def test_every_variant_on_every_provider(self):
        ways = {(each["variant"], speed["provider"]) for each in manifest_of(self.release)["artifacts"] for speed in each["speeds"]}
        self.assertGreaterEqual({variant for variant, _ in ways}, {"fp32", "int8"})
        for variant, provider in sorted(ways):
            bound = FP32_BOUND if variant == "fp32" else NARROW_BOUND
            for width, height in ((131, 97), (96, 48), (49, 120), (31, 17)):
                with self.subTest(variant=variant, provider=provider, width=width, height=height):
                    worst, mean = self.difference(width, height, "--variant", variant, "--provider", provider)
                    self.assertLessEqual(worst, bound)
                    self.assertLessEqual(mean, bound / 100)


class Memory(Case):
    def setUp(self):
        super().setUp()
        self.network = tiny_network(self.folder / "network.pth")
        (self.folder / "in.png").write_bytes(png(300, 200))

    def test_limit_makes_tiles_smaller_and_the_same_picture(self):
        done = {limit: self.json_of("run", self.network, self.folder / "in.png", "-o", self.folder / f"{limit}.png", "--memory", limit)
                for limit in ("4G", "196M")}
        tiles = {limit: each["pictures"][0]["tiles"] for limit, each in done.items()}
        self.assertLess(tiles["4G"], tiles["196M"])
        whole, cut = (read_png(self.folder / f"{limit}.png")[4] for limit in ("4G", "196M"))
        self.assertLessEqual(max(abs(a - b) for p, q in zip(whole, cut) for a, b in zip(p, q)), 1.01 / 255)

    def test_limit_that_nothing_fits_into(self):
        before = self.entries()
        self.refused(5, "run", self.network, self.folder / "in.png", "-o", self.folder / "o.png", "--memory", "10M", says=["memory", "--memory"])
        self.assertEqual(self.entries(), before)

    def test_limit_that_is_none(self):
        for words in (["--memory", "much"], ["--memory", "-3G"], ["--alpha", "gone"]):
            self.refused(2, "run", self.network, self.folder / "in.png", "-o", self.folder / "o.png", *words, says=[words[0]])


class Alpha(Case):
    def test_restored_or_resampled(self):
        network = tiny_network(self.folder / "network.pth")
        (self.folder / "in.png").write_bytes(png(40, 30, channels=4, sample=lambda x, y, c: (x >= 20) if c == 3 else noise()))
        rows = {}
        for way in ("restored", "resampled"):
            out = self.folder / f"{way}.png"
            self.succeeds("run", network, self.folder / "in.png", "-o", out, "--alpha", way)
            width, height, channels, _, rows[way] = read_png(out)
            self.assertEqual((width, height, channels), (80, 60, 4))
        colours = {way: [[v for i, v in enumerate(row) if i % 4 < 3] for row in picture] for way, picture in rows.items()}
        self.assertEqual(colours["restored"], colours["resampled"], "the colours are the same")
        alpha = {way: [row[3::4] for row in picture] for way, picture in rows.items()}
        self.assertNotEqual(alpha["restored"], alpha["resampled"])
        self.assertLess(max(row[10] for row in alpha["restored"]), 0.3)
        self.assertGreater(min(row[70] for row in alpha["restored"]), 0.7)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
