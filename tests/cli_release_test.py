"""`mantissa release` as a user types it: the small network's release from all sides, networks that are told the level of noise, the bundled sample."""

import os
import random
import subprocess
import sys
import unittest

from cli_tools import (PYTHON, PYTHONPATH, ROOT, Case, files_of, manifest_of, mantissa, pictures, png, read_png, tiny_denoiser, tiny_network,
                       tiny_state)

FIGURES = ("psnr_to_fp32", "worst_psnr_to_fp32", "worst_tile_psnr", "mean_shift", "flat_black", "flat_white", "finite")


def python(script, *words, path=None):
    environment = dict(os.environ, **({"PYTHONPATH": path} if path else {}))
    return subprocess.run([PYTHON, "-c", script, *map(str, words)], capture_output=True, encoding="utf-8", env=environment, check=False)


ONLY_WITH_AMX = "bf16/openvino.onnx"  # which not every machine has


class Release(Case):
    """One release of the small network, looked at from all sides."""

    @classmethod
    def setUpClass(cls):
        cls.case = Case()
        cls.case.setUp()
        cls.addClassCleanup(cls.case.doCleanups)
        folder = cls.case.folder
        cls.release = folder / "release"
        cls.network = tiny_network(folder / "network.pth")
        calibration, evaluation = pictures(folder / "calibration"), pictures(folder / "evaluation", count=5, width=120, height=100)
        cls.done = cls.case.succeeds("release", cls.network, "--calibrate", calibration, "--evaluate", evaluation, "--degrade", "bicubic:2",
                                     "-o", cls.release)
        cls.manifest = manifest_of(cls.release)

    def test_folder_is_complete_and_nothing_else_is_left(self):
        files = sorted(str(path.relative_to(self.release)) for path in self.release.rglob("*") if path.is_file())
        files = [file for file in files if file != ONLY_WITH_AMX]
        self.assertEqual(files, ["fp16/model.onnx", "fp32/checkpoint.pth", "fp32/model.onnx", "int8/model.onnx", "int8/openvino.onnx",
                                 "release.json"])
        self.assertEqual([p.name for p in self.release.parent.iterdir() if p.name.startswith(".")], [])

    def test_manifest_says_what_was_made_from_what(self):
        network, made = self.manifest["network"], self.manifest["made"]
        self.assertEqual((network["file"], network["architecture"]), ("network.pth", "SRVGGNetCompact"))
        self.assertEqual(network["task"]["scale"], 2)
        self.assertEqual((made["degradation"], made["calibration"]), ("bicubic:2", "3 pictures of calibration"))
        self.assertEqual(made["seed"], 1)
        self.assertEqual(self.manifest["left_out"], [])

    def test_manifest_has_the_hashes_of_the_files(self):
        digest = "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())"
        self.assertEqual(self.manifest["network"]["sha256"], python(digest, self.network).stdout.strip())
        for artifact in self.manifest["artifacts"]:
            self.assertEqual(artifact["sha256"], python(digest, self.release / artifact["path"]).stdout.strip(), artifact["path"])

    def test_verdicts_have_their_figures_and_kinds(self):
        kinds = {a["path"]: a["verdict"] and a["verdict"]["kind"] for a in self.manifest["artifacts"]}
        self.assertIn(kinds.pop(ONLY_WITH_AMX, "executed"), ["executed"])
        self.assertEqual(kinds, {"fp32/model.onnx": None, "fp32/checkpoint.pth": None, "fp16/model.onnx": "emulated",
                                 "int8/model.onnx": "executed", "int8/openvino.onnx": "executed"})
        for artifact in self.manifest["artifacts"]:
            if artifact["verdict"] is None:
                continue
            verdict, figures = artifact["verdict"], artifact["verdict"]["figures"]
            self.assertTrue(verdict["passed"])
            self.assertTrue(verdict["weak_evidence"], "5 pictures, but far from a megapixel")
            self.assertEqual(figures["pictures"], 5)
            self.assertAlmostEqual(figures["megapixels"], sum((120 + i) // 2 * 2 * (100 + 2 * i) for i in range(5)) / 1e6, places=4)
            self.assertLessEqual(abs(figures["loss_percent"]), 0.5)
            self.assertLessEqual(figures["worst_psnr_to_fp32"], figures["psnr_to_fp32"])
            for name in FIGURES:
                self.assertIn(name, figures)

    def test_plan_names_every_node(self):
        for artifact in self.manifest["artifacts"]:
            if artifact["variant"] != "fp32":
                self.assertGreater(len(artifact["plan"]), 5)
                self.assertTrue(all(entry["reason"] for entry in artifact["plan"]))

    def test_table_names_every_file(self):
        for artifact in self.manifest["artifacts"]:
            self.assertIn(artifact["path"], self.done.stdout)
        self.assertIn("Weak evidence", self.done.stdout)

    def test_checkpoint_loads_in_pytorch_with_the_same_keys_and_values(self):
        if python("import torch").returncode:
            self.skipTest(f"{PYTHON} has no torch")
        load = ("import sys, torch; a, b = (torch.load(p, weights_only=True) for p in sys.argv[1:])\n"
                "assert list(a) == list(b), list(b)\nassert all(torch.equal(a[k], b[k]) for k in a)\nprint(len(b))")
        done = python(load, self.network, self.release / "fp32/checkpoint.pth")
        self.assertEqual(done.stdout.strip(), str(len(tiny_state())), done.stderr)

    def test_onnx_files_are_sound_and_of_any_size(self):
        if python("import onnx", path=PYTHONPATH).returncode:
            self.skipTest(f"{PYTHON} has no onnx; tools/setup.py --tests installs it")
        check = ("import sys, onnx; m = onnx.load(sys.argv[1]); onnx.checker.check_model(m, full_check=True)\n"
                 "for v in [*m.graph.input, *m.graph.output]:\n"
                 "  assert v.type.tensor_type.elem_type == 1, 'not float32'\n"
                 "  d = v.type.tensor_type.shape.dim; assert len(d) == 4 and not (d[0].dim_value or d[2].dim_value or d[3].dim_value), d\n"
                 "print(m.opset_import[0].version, len(m.graph.input), len(m.graph.output))")
        for path in self.release.rglob("*.onnx"):
            done = python(check, path, path=PYTHONPATH)
            opset = "22" if "bf16" in str(path) else "21"  # the first in which Conv takes bfloat16
            self.assertEqual(done.stdout.strip(), f"{opset} 1 1", f"{path}: {done.stderr}")

    def test_run_takes_the_fastest_that_passed(self):
        ways = [(s["microseconds_per_pixel"], a["variant"], s["provider"]) for a in self.manifest["artifacts"] for s in a["speeds"]]
        fastest = [(variant, provider) for speed, variant, provider in ways if speed == min(ways)[0]]
        picture = self.folder / "p.png"
        picture.write_bytes(png(33, 21))
        done = self.json_of("run", self.release, picture, "-o", self.folder / "o.png")
        self.assertIn((done["variant"], done["provider"]), fastest)
        self.assertEqual((done["pictures"][0]["width"], done["pictures"][0]["height"]), (66, 42))

    def test_every_way_to_run_gives_nearly_the_same_picture(self):
        picture = self.folder / "p.png"
        picture.write_bytes(png(33, 21))
        rows = {}
        for artifact in self.manifest["artifacts"]:
            for speed in artifact["speeds"]:
                out = self.folder / f"{artifact['variant']}-{speed['provider']}.png"
                done = self.json_of("run", self.release, picture, "-o", out, "--variant", artifact["variant"], "--provider", speed["provider"])
                self.assertEqual((done["variant"], done["provider"]), (artifact["variant"], speed["provider"]))
                rows[out.name] = [v for row in read_png(out)[4] for v in row]
        self.assertEqual(len(rows) - any(name.startswith("bf16") for name in rows), 4)
        reference = rows["fp32-onnxruntime-cpu.png"]
        for name, values in rows.items():
            self.assertLessEqual(max(abs(a - b) for a, b in zip(values, reference)), 4 / 255, name)

    def test_files_of_a_release_are_known_for_what_they_are(self):
        picture = self.folder / "p.png"
        picture.write_bytes(png(33, 21))
        for variant in ("fp32", "fp16", "int8"):
            path = self.release / variant / "model.onnx"
            self.assertEqual(self.json_of("run", path, picture, "-o", self.folder / f"{variant}.png")["variant"], variant)
            weights = sum(len(values) for _, values in tiny_state().values())
            factors = 0.02 * weights if variant == "int8" else 0  # int8 files hold a factor for each channel besides
            self.assertLessEqual(abs(self.json_of("inspect", path)["parameters"] - weights), factors)

    def test_from_onnx_as_from_the_checkpoint(self):
        again = self.folder / "again"
        summary = self.json_of("release", self.release / "fp32/model.onnx", "--calibrate", pictures(self.folder / "p"), "-o", again)
        self.assertTrue(summary["complete"])
        manifest = manifest_of(again)
        self.assertEqual(manifest["network"]["task"]["scale"], 2)

    def test_same_request_same_files(self):
        calibration = pictures(self.folder / "p", count=2)
        for name in ("a", "b"):
            self.succeeds("release", self.network, "--calibrate", calibration, "-o", self.folder / name)
        for path in (self.folder / "a").glob("*/*"):
            self.assertEqual(path.read_bytes(), (self.folder / "b" / path.relative_to(self.folder / "a")).read_bytes(), path)


class Told(Case):
    """Networks that are told the level of noise."""

    def denoiser(self, form):
        network = tiny_denoiser(self.folder / f"{form}.onnx", form)
        if network is None:
            self.skipTest(f"{PYTHON} has no onnx; tools/setup.py --tests installs it")
        return network

    def test_release_and_run(self):
        for form, step in (("number", 1), ("map", 2)):
            with self.subTest(form):
                network, out = self.denoiser(form), self.folder / f"out {form}"
                clean = pictures(self.folder / f"clean {form}")
                self.assertTrue(self.json_of("release", network, "--calibrate", clean, "--sigma", "5:50", "-o", out)["complete"])
                manifest = manifest_of(out)
                told = {"input": "sigma" if form == "number" else "noise_map", "form": form, "step": step, "divisor": 255.0, "levels": [5.0, 50.0]}
                self.assertEqual(manifest["network"]["task"]["condition"], told)
                self.assertEqual(manifest["made"]["degradation"], "noise:5:50")
                self.assertEqual(self.json_of("inspect", out / "int8/model.onnx")["condition"], told)
                self.assertIn("5 to 50", self.succeeds("inspect", out / "fp32/model.onnx").stdout)
                self.check_run(out, clean / "0.png")

    def check_run(self, release, picture):
        """What is told changes the picture, and every variant agrees about it."""
        restored = {}
        for variant, level in (("fp32", 10), ("fp32", 50), ("int8", 50)):
            to = self.folder / f"{release.name} {variant} {level}.png"
            self.succeeds("run", release, picture, "-o", to, "--variant", variant, "--sigma", level)
            restored[variant, level] = [v for row in read_png(to)[4] for v in row]
        apart = lambda a, b: max(abs(p - q) for p, q in zip(restored[a], restored[b]))
        self.assertGreater(apart(("fp32", 10), ("fp32", 50)), 2 / 255)
        self.assertLessEqual(apart(("fp32", 50), ("int8", 50)), 4 / 255)
        self.refused(2, "run", release, picture, "-o", self.folder / "o.png", "--overwrite", says=["--sigma", "5:50"])
        beyond = self.succeeds("run", release, picture, "-o", self.folder / "o.png", "--variant", "int8", "--sigma", 90, "--overwrite")
        self.assertIn("5:50", beyond.stderr)

    def test_one_level_for_pictures_that_are_noisy_already(self):
        network, noisy = self.denoiser("number"), pictures(self.folder / "noisy")
        self.refused(2, "release", network, "--calibrate", noisy, "--sigma", "0:50", "--degrade", "none", "-o", self.folder / "out", says=["noisy"])
        self.succeeds("release", network, "--calibrate", noisy, "--sigma", "20", "--degrade", "none", "-o", self.folder / "out")
        made = manifest_of(self.folder / "out")
        self.assertEqual((made["made"]["degradation"], made["network"]["task"]["condition"]["levels"]), ("none", [20.0, 20.0]))

    def test_wrong_words(self):
        network, clean = self.denoiser("map"), pictures(self.folder / "clean")
        release = ("release", network, "--calibrate", clean, "-o", self.folder / "out")
        self.refused(2, *release, says=["noise_map", "--sigma"])
        for words in (["--sigma", "much"], ["--sigma", "50:0"], ["--sigma", "300"], ["--sigma", "25", "--degrade", "noise:15"],
                      ["--sigma", "0:50", "--degrade", "noise:25"], ["--sigma", "25", "--degrade", "bicubic:2"]):
            self.refused(2, *release, *words)
        self.assertFalse((self.folder / "out").exists())
        run = ("run", network, clean / "0.png", "-o", self.folder / "o.png")
        self.refused(2, *run, says=["noise_map", "--sigma"])
        for word in ("0:50", "-3", "256", "nan"):
            self.refused(2, *run, "--sigma", word)
        self.assertEqual(self.succeeds(*run, "--sigma", "25").returncode, 0)
        other = tiny_network(self.folder / "n.pth")
        self.refused(2, "release", other, "--calibrate", clean, "--sigma", "25", "-o", self.folder / "out", says=["--sigma"])
        self.refused(2, "run", other, clean / "0.png", "--sigma", "25", "-o", self.folder / "o2.png", says=["--sigma"])


class Repair(Case):
    def test_what_the_gate_refuses_is_repaired_again(self):
        """Calibration pictures of weak contrast, and noise on those that judge."""
        numbers = random.Random(1)

        def steps(x, y, colour):
            return 0.3 + 0.2 * (x / 48 + (x // 6 + y // 5 + colour) % 2)

        calibration = pictures(self.folder / "calibration", sample=steps)
        evaluation = pictures(self.folder / "evaluation", count=2, sample=lambda *at: steps(*at) + 0.1 * (numbers.random() - 0.5))
        network = tiny_network(self.folder / "network.pth", spread=0.1, features=12)
        done = mantissa("-v", "release", network, "--calibrate", calibration, "--evaluate", evaluation, "-o", self.folder / "out")
        self.assertIn(done.returncode, (0, 4), done.stderr)
        self.assertIn("repairing int8/model.onnx again: the PSNR against fp32", done.stderr)
        file = files_of(manifest_of(self.folder / "out"))["int8/model.onnx"]
        self.assertTrue(file["verdict"]["passed"])
        self.assertEqual(file["rungs"][-1]["name"], "narrower aim")
        self.assertGreater(file["rungs"][-1]["gain"], 0)


class Targets(Case):
    """Files for machines that are not here."""

    def test_several_targets(self):
        network, calibration = tiny_network(self.folder / "network.pth"), pictures(self.folder / "calibration")
        out = self.folder / "out"
        done = mantissa("release", "--calibrate", calibration, "--degrade", "bicubic:2", "--targets", "nvidia-ada,x86-avx2,arm64", network, "-o", out)
        self.assertIn(done.returncode, (0, 4), done.stderr)
        manifest = manifest_of(out)
        self.assertEqual(manifest["made"]["targets"], ["nvidia-ada", "x86-avx2", "arm64"])
        files = files_of(manifest)
        self.assertLessEqual({"bf16/model.onnx", "int8/nvidia.onnx", "fp8/model.onnx", "int8/model.onnx", "int8/openvino.onnx"}, set(files))
        for path in ("bf16/model.onnx", "int8/nvidia.onnx", "fp8/model.onnx"):
            self.assertEqual(files[path]["verdict"]["kind"], "emulated")
        shipped = {each["path"]: each for each in manifest["artifacts"]}
        self.assertIn("bf16/model.onnx", shipped)
        for path, targets in (("int8/model.onnx", ["x86-avx2", "arm64"]), ("bf16/model.onnx", ["nvidia-ada"]), ("fp32/model.onnx", [])):
            if path in shipped:
                self.assertEqual(shipped[path]["targets"], targets)
        said = self.succeeds("run", "-v", out, calibration / "0.png", "-o", self.folder / "big.png").stderr
        self.assertNotIn("fp8", said, "what is not for this machine does not run on it")

    def test_small_download(self):
        network, calibration = tiny_network(self.folder / "network.pth"), pictures(self.folder / "calibration")
        out = self.folder / "out"
        summary = self.json_of("release", "--calibrate", calibration, "--degrade", "bicubic:2", "--targets", "small-download", network, "-o", out)
        files = files_of(manifest_of(out))
        self.assertEqual(files["int8-weights/model.onnx"]["verdict"]["kind"], "executed")
        self.assertLess(files["int8-weights/model.onnx"]["verdict"]["figures"]["psnr_to_fp32"], 99, "nothing was quantized")
        self.assertIn("enough weights", files["int4-weights/model.onnx"]["reason"])
        self.assertTrue(summary["complete"], "a network that is too small for 4 bits is in 8")
        self.assertEqual([file["needed"] for file in summary["files"] if not file["shipped"]], [False])

    def test_four_bits_are_less_than_eight_and_pass(self):
        out = self.folder / "sample"
        self.succeeds("release", "--calibrate", Sample.PICTURES, "--degrade", "bicubic:2", "--targets", "small-download", Sample.NETWORK, "-o", out)
        files = files_of(manifest_of(out))
        eight, four = files["int8-weights/model.onnx"], files["int4-weights/model.onnx"]
        self.assertGreater(eight["verdict"]["figures"]["psnr_to_fp32"], four["verdict"]["figures"]["psnr_to_fp32"])
        self.assertLess(four["bytes"], eight["bytes"])
        self.assertEqual(four["bytes"], (out / four["path"]).stat().st_size)
        self.assertIn("int4", {decision["format"] for decision in four["plan"]})

    def test_the_other_fp8(self):
        network, calibration = tiny_network(self.folder / "network.pth"), pictures(self.folder / "calibration")
        release = ("release", "--calibrate", calibration, "--degrade", "bicubic:2", "--repair-budget", "1", network, "-o", self.folder / "out")
        self.refused(2, *release, "--fp8", "e5m2", "--targets", "nvidia-ampere", says=["--fp8", "nvidia-ada"])
        self.refused(2, *release, "--fp8", "e3m4", "--targets", "nvidia-ada", says=["e3m4", "e5m2"])
        done = mantissa(*release, "--fp8", "e5m2", "--targets", "nvidia-ada")
        self.assertIn(done.returncode, (0, 4), done.stderr)
        manifest = manifest_of(self.folder / "out")
        files = files_of(manifest)
        self.assertEqual(files["fp8/model.onnx"]["verdict"]["kind"], "emulated")


class Sample(Case):
    """The bundled sample, as the README has it."""

    NETWORK, PICTURES = ROOT / "examples/sample/sample_x2.pth", ROOT / "examples/pictures"

    def test_release_and_run(self):
        if not self.NETWORK.exists() or not self.PICTURES.exists():
            self.skipTest("the bundled sample is not there yet")
        calibration = self.PICTURES / "calibration" if (self.PICTURES / "calibration").exists() else self.PICTURES
        out = self.folder / "out"
        self.succeeds("release", self.NETWORK, "--calibrate", calibration, "--degrade", "bicubic:2", "-o", out)
        picture = sorted(self.PICTURES.rglob("*.png"))[0]
        self.succeeds("run", out, picture, "-o", self.folder / "big.png")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
