"""The program as a user types it, on a small network and pictures made here, and on the project's own sample where it is built in."""

import json
import os
import subprocess
import sys
import unittest
import zlib

from cli_tools import (PYTHON, PYTHONPATH, ROOT, Case, chunk, exif_of, icc_profile, mantissa, pictures, png, png_chunks, read_png, tiny_network,
                       tiny_denoiser, tiny_state)

FIGURES = ("psnr_to_fp32", "worst_psnr_to_fp32", "worst_tile_psnr", "mean_shift", "flat_black", "flat_white", "finite")


def python(script, *words, path=None):
    environment = dict(os.environ, **({"PYTHONPATH": path} if path else {}))
    return subprocess.run([PYTHON, "-c", script, *map(str, words)], capture_output=True, encoding="utf-8", env=environment, check=False)


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
        cls.manifest = json.loads((cls.release / "release.json").read_text())

    def test_folder_is_complete_and_nothing_else_is_left(self):
        files = sorted(str(path.relative_to(self.release)) for path in self.release.rglob("*") if path.is_file())
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
            self.assertEqual(done.stdout.strip(), "21 1 1", f"{path}: {done.stderr}")

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
        self.assertEqual(len(rows), 4)
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
        manifest = json.loads((again / "release.json").read_text())
        self.assertEqual(manifest["network"]["task"]["scale"], 2)

    def test_same_request_same_files(self):
        calibration = pictures(self.folder / "p", count=2)
        for name in ("a", "b"):
            self.succeeds("release", self.network, "--calibrate", calibration, "-o", self.folder / name)
        for path in (self.folder / "a").glob("*/*"):
            self.assertEqual(path.read_bytes(), (self.folder / "b" / path.relative_to(self.folder / "a")).read_bytes(), path)


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
        self.assertEqual(read_png(self.restored(png(40, 30, channels=2)))[:4], (80, 60, 2, 8))

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
                manifest = json.loads((out / "release.json").read_text())
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
        made = json.loads((self.folder / "out/release.json").read_text())
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


class Commands(Case):
    """Help, lists, JSON and exit codes."""

    def test_help_of_each_command_has_an_example(self):
        for words in ([], ["release"], ["run"], ["inspect"], ["providers"], ["targets"]):
            said = self.succeeds(*words, "--help").stdout
            self.assertIn("\nExample:\n  mantissa ", said, words)
            self.assertNotIn("subcommand", said.lower())

    def test_version(self):
        self.assertRegex(self.succeeds("--version").stdout, r"^mantissa \d+\.\d+\.\d+")

    def test_json_is_all_that_is_printed(self):
        network = tiny_network(self.folder / "n.pth")
        for words in (["inspect", network], ["providers"], ["targets"], ["inspect", network, "--colour", "ycbcr"]):
            done = self.succeeds(*words, "--json")
            json.loads(done.stdout)
            self.assertEqual(done.stderr, "")

    def test_error_as_json(self):
        done = mantissa("--json", "inspect", self.folder / "absent.pth")
        self.assertEqual(done.returncode, 3)
        error = json.loads(done.stdout)["error"]
        self.assertEqual(error["code"], 3)
        self.assertIn("absent.pth", error["what"])

    def test_inspect(self):
        said = self.json_of("inspect", tiny_network(self.folder / "n.pth"))
        self.assertEqual((said["architecture"], said["scale"], said["colour"]), ("SRVGGNetCompact", 2, "rgb"))
        self.assertEqual(said["parameters"], sum(len(values) for _, values in tiny_state().values()))
        self.assertEqual(said["receptive_field_radius"], 3)
        self.assertEqual(said["macs_per_pixel"], 9 * (3 * 8 + 8 * 8 + 8 * 12))
        lines = self.succeeds("inspect", self.folder / "n.pth").stdout.split("most work in")[0].strip().split("\n")
        for line in lines:
            self.assertRegex(line, r"^[a-z ]{16} [^ ]", "labels are aligned")
        text = self.succeeds("inspect", self.folder / "n.pth", "--text").stdout
        self.assertIn("DepthToSpace", text)

    def test_providers_and_targets(self):
        names = {each["name"]: each for each in self.json_of("providers")}
        self.assertEqual(names["onnxruntime-cpu"]["missing"], "")
        self.assertLessEqual(sum(each["this_machine"] for each in self.json_of("targets")), 1)

    def test_gate_that_fails_is_exit_4_and_the_manifest_says_why(self):
        wild = tiny_network(self.folder / "wild.pth", spread=3)  # amplifies every rounding error far beyond the picture
        calibration = pictures(self.folder / "p")
        done = self.succeeds("release", wild, "--calibrate", calibration, "-o", self.folder / "out", "--repair-budget", "0", code=4)
        manifest = json.loads((self.folder / "out/release.json").read_text())
        self.assertTrue(manifest["left_out"])
        for left in manifest["left_out"]:
            self.assertFalse((self.folder / "out" / left["path"]).exists())
            self.assertFalse(left["verdict"]["passed"])
            self.assertTrue(left["reason"])
            self.assertIn(left["path"], done.stderr)
            table, reasons = done.stdout.split("\nLeft out, because\n")
            self.assertIn(f"\n{left['path']} ", table)
            self.assertIn(f"{left['path']}\n  {left['reason'].split('; ')[0]}\n", reasons)
            self.assertLessEqual(max(map(len, done.stdout.split("\n"))), 100)
        self.assertTrue((self.folder / "out/fp32/model.onnx").exists())
        picture = self.folder / "p/0.png"
        gone = {left["variant"] for left in manifest["left_out"]} - {a["variant"] for a in manifest["artifacts"]}
        for variant in gone:
            self.refused(5, "run", self.folder / "out", picture, "-o", self.folder / "o.png", "--variant", variant, says=[variant])

    def test_quiet_and_verbose(self):
        network, calibration = tiny_network(self.folder / "n.pth"), pictures(self.folder / "p")
        self.assertEqual(self.succeeds("-q", "release", network, "--calibrate", calibration, "-o", self.folder / "a").stderr, "")
        self.assertIn("calibrating", self.succeeds("-v", "release", network, "--calibrate", calibration, "-o", self.folder / "b").stderr)


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
