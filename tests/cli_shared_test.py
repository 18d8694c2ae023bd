"""Real networks and pictures, typed as a user does: release and run, from the checkpoint and from ONNX.

What the gate says of a variant is not asserted here, only that exit code, folder and manifest agree.
"""

import shutil
import sys
import unittest

from cli_tools import SHARED, Case, manifest_of, mantissa, needs_shared, read_png

IMAGES = SHARED / "images"
SR_X4 = ("--calibrate", IMAGES / "calibration/bsd_color_lr_x4", "--evaluate", IMAGES / "set5/x4")
SR_X2 = ("--calibrate", IMAGES / "calibration/bsd_color", "--degrade", "bicubic:2", "--evaluate", IMAGES / "set5/x2")
NOISE = ("--calibrate", IMAGES / "calibration/train400_gray", "--evaluate", IMAGES / "set12", "--degrade", "noise:25")
BUDGET = ("--repair-budget", "5")


@needs_shared("images/set5")
class RealNetworks(Case):
    def make(self, network, *words):
        """Makes a release and checks that what it says is what it did; returns the manifest."""
        out = self.folder / "release"
        done = mantissa("release", SHARED / network, *words, *BUDGET, "-o", out)
        self.assertIn(done.returncode, (0, 4), done.stdout + done.stderr)
        manifest = manifest_of(out)
        self.assertEqual(done.returncode == 4, any(left["needed"] for left in manifest["left_out"]))
        on_disk = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
        self.assertEqual(on_disk, {artifact["path"] for artifact in manifest["artifacts"]} | {"release.json"})
        for artifact in manifest["artifacts"]:
            if artifact["verdict"]:
                self.assertTrue(artifact["verdict"]["passed"])
                self.check_figures(artifact["verdict"]["figures"])
        for left in manifest["left_out"]:
            self.assertFalse(left["verdict"]["passed"])
            self.assertTrue(left["verdict"]["failures"])
        self.assertIn("fp16/model.onnx", on_disk)
        return manifest

    def check_figures(self, figures):
        """The limits that the gate states, applied to the figures once more."""
        self.assertTrue(figures["finite"])
        self.assertLessEqual(figures["loss_percent"], 0.5)
        self.assertLessEqual(figures["worst_loss_percent"], 1.0)
        self.assertGreaterEqual(figures["psnr_to_fp32"], 38)
        self.assertGreaterEqual(figures["worst_tile_psnr"], 36)
        self.assertLessEqual(figures["mean_shift"], 0.5)
        self.assertLessEqual(max(figures["flat_black"], figures["flat_white"]), 2)
        loss = (figures["psnr_fp32"] - figures["psnr_variant"]) / figures["psnr_fp32"] * 100
        self.assertAlmostEqual(loss, figures["loss_percent"], places=3)

    def fp32_psnr(self, manifest):
        return next(a["verdict"]["figures"]["psnr_fp32"] for a in manifest["artifacts"] if a["variant"] == "fp16")

    def restore(self, picture, scale, *words):
        out = self.folder / "restored.png"
        done = self.json_of("run", self.folder / "release", picture, "-o", out, *words)
        made, given = done["pictures"][0], read_png(picture)
        self.assertEqual((made["width"], made["height"]), (given[0] * scale, given[1] * scale))
        return read_png(out)

    def test_srvgg(self):
        manifest = self.make("models/srvgg_animevideov3/realesr-animevideov3.pth", *SR_X4)
        self.assertEqual(manifest["network"]["architecture"], "SRVGGNetCompact")
        self.restore(IMAGES / "set5/x4/img_003_SRF_4_LR.png", 4)

    def test_espcn_converts_colours(self):
        manifest = self.make("models/espcn/ESPCN_x2.pt", *SR_X2)
        self.assertEqual(manifest["made"]["evaluation"], "5 pairs of x2", "pairs are not degraded once more")
        self.assertEqual((manifest["network"]["architecture"], manifest["network"]["task"]["colour"]), ("ESPCN", "ycbcr"))
        truth = read_png(IMAGES / "set5/x2/img_003_SRF_2_HR.png")
        restored = self.restore(IMAGES / "set5/x2/img_003_SRF_2_LR.png", 2, "--variant", "fp32")
        errors = [(a - b) ** 2 for p, q in zip(truth[4], restored[4]) for a, b in zip(p, q)]
        self.assertLess(sum(errors) / len(errors), 10 ** -2.75, "27.5 dB in RGB: without the conversion it would be far below")

    def test_dncnn_from_clean_pictures(self):
        manifest = self.make("models/dncnn/dncnn_25.pth", *NOISE)
        self.assertEqual(manifest["made"]["degradation"], "noise:25")
        self.assertGreater(self.fp32_psnr(manifest), 30, "30.43 dB on Set12 in the paper")
        self.restore(sorted((IMAGES / "set12").glob("*.png"))[0], 1)

    def test_espcn_from_onnx(self):
        manifest = self.make("onnx/espcn_x2.onnx", *SR_X2, "--colour", "ycbcr")
        self.assertEqual(manifest["network"]["task"]["scale"], 2)
        self.restore(IMAGES / "set5/x2/img_005_SRF_2_LR.png", 2)

    def test_dncnn_from_onnx(self):
        self.make("onnx/dncnn.onnx", *NOISE)
        self.restore(sorted((IMAGES / "set12").glob("*.png"))[0], 1)

    def test_ffdnet_is_told_the_level_of_noise(self):
        colour = ("--calibrate", IMAGES / "calibration/bsd_color", "--evaluate", IMAGES / "kodak24")
        for network, levels in (("ffdnet", "25"), ("ffdnet_map", "0:50")):
            with self.subTest(network):
                manifest = self.make(f"onnx/{network}.onnx", *colour, "--sigma", levels)
                self.assertEqual(manifest["made"]["degradation"], f"noise:{levels}")
                self.assertEqual(manifest["network"]["task"]["condition"]["step"], 1 if network == "ffdnet" else 2)
                self.assertGreater(self.fp32_psnr(manifest), 31, "32.57 dB at 25 on these four pictures")
                for artifact in manifest["artifacts"] + manifest["left_out"]:
                    if artifact["variant"] == "int8":
                        self.assertLess(artifact["verdict"]["figures"]["loss_percent"], 0.5)
                self.restore(sorted((IMAGES / "kodak24").glob("*.png"))[0], 1, "--sigma", "20")
                shutil.rmtree(self.folder / "release")
                (self.folder / "restored.png").unlink()

    def test_folder_of_real_photographs(self):
        pictures = self.folder / "pictures"
        pictures.mkdir()
        for path in sorted((IMAGES / "lowlight_dicm").iterdir())[:2]:
            shutil.copy(path, pictures)
        done = self.json_of("run", SHARED / "models/espcn/ESPCN_x2.pt", pictures, "-o", self.folder / "out")
        self.assertEqual(len(done["pictures"]), len(list(pictures.iterdir())))


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
