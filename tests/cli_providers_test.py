"""Providers, provider libraries, `mantissa bench` and what `mantissa run` makes of a choice, as a user types them."""

import json
import os
import sys
import unittest
from pathlib import Path

from cli_tools import PROGRAM, Case, mantissa, pictures, tiny_network

LIBRARIES = PROGRAM.parent.parent / "lib/test"


def library(way):
    return LIBRARIES / f"libprovider_{way}.so"


class Alone(Case):
    """With a cache and settings of its own."""

    def setUp(self):
        super().setUp()
        self.own = {"XDG_CACHE_HOME": str(self.folder / "cache"), "XDG_CONFIG_HOME": str(self.folder / "settings")}
        for name, value in self.own.items():
            os.environ[name] = value
        self.addCleanup(lambda: [os.environ.pop(name, None) for name in (*self.own, "MANTISSA_PROVIDER_LIBRARIES")])

    def names(self, *words):
        return {each["name"]: each for each in self.json_of("providers", *words)}


@unittest.skipUnless(library("works").exists(), f"needs {library('works')}, which the target tests builds")
class Libraries(Alone):
    """Libraries with execution providers: added by a flag, a variable or a folder, and never trusted."""

    def test_flag_variable_and_folder(self):
        self.assertNotIn("onnxruntime-mantissatest", self.names())
        self.assertEqual(self.names("--provider-library", library("works"))["onnxruntime-mantissatest"]["missing"], "")
        os.environ["MANTISSA_PROVIDER_LIBRARIES"] = str(library("works"))
        self.assertIn("onnxruntime-mantissatest", self.names())
        del os.environ["MANTISSA_PROVIDER_LIBRARIES"]
        folder = self.folder / "settings/mantissa/providers"
        folder.mkdir(parents=True)
        (folder / "link.so").symlink_to(library("works"))
        self.assertEqual(self.names()["onnxruntime-mantissatest"]["library"], str(library("works").resolve()))

    def test_one_that_crashes_is_skipped_with_a_sentence(self):
        done = self.succeeds("providers", "--json", "--provider-library", library("aborts"), "--provider-library", library("works"))
        self.assertIn("onnxruntime-mantissatest", {each["name"] for each in json.loads(done.stdout)})
        self.assertRegex(done.stderr, r"^mantissa: warning: the provider library .*aborts.so\" is skipped: it crashed .*\n$")

    def test_run_says_so_even_where_another_provider_runs(self):
        network = tiny_network(self.folder / "n.pth")
        picture = sorted(pictures(self.folder / "p", count=1).iterdir())[0]
        done = self.succeeds("run", network, picture, "-o", self.folder / "out.png", "--provider-library", library("aborts"))
        self.assertRegex(done.stderr, r"aborts.so\" is skipped: it crashed ")
        self.assertTrue((self.folder / "out.png").exists())

    def test_one_that_is_none(self):
        (self.folder / "text.so").write_text("no library")
        done = self.succeeds("providers", "--provider-library", self.folder / "text.so")
        self.assertIn("is skipped", done.stderr)
        self.refused(3, "providers", "--provider-library", self.folder / "absent.so", says=["absent.so"])

    def test_a_provider_that_leaves_the_work_to_the_cpu_is_refused(self):
        network = tiny_network(self.folder / "n.pth")
        picture = sorted(pictures(self.folder / "p", count=1).iterdir())[0]
        self.refused(5, "run", network, picture, "-o", self.folder / "out.png", "--provider", "onnxruntime-mantissaidle",
                     "--provider-library", library("claims_nothing"), says=["to the CPU"])
        self.assertFalse((self.folder / "out.png").exists())


class Providers(Alone):
    def test_each_says_what_it_needs(self):
        listed = self.names()
        for name in ("onnxruntime-cuda", "onnxruntime-tensorrt", "onnxruntime-coreml", "onnxruntime-webgpu", "openvino-gpu", "openvino-npu"):
            each = listed[name]
            self.assertTrue(each["version"] or "needs" in each["missing"], each)
            self.assertTrue(each["files"])
        for line in self.succeeds("providers").stdout.splitlines():
            self.assertRegex(line, r"^[a-z0-9-]+ +[^ ]")

    def test_one_that_is_not_here_is_exit_5(self):
        network = tiny_network(self.folder / "n.pth")
        picture = sorted(pictures(self.folder / "p", count=1).iterdir())[0]
        self.refused(5, "run", network, picture, "-o", self.folder / "out.png", "--provider", "onnxruntime-coreml", says=["CoreMLExecutionProvider"])


class Bench(Alone):
    """Measuring and choosing, on a network as it came and on a release of it."""

    def setUp(self):
        super().setUp()
        self.network = tiny_network(self.folder / "n.pth")
        self.pictures = pictures(self.folder / "p", count=2)

    def run_one(self, model, *words):
        return self.json_of("run", model, sorted(self.pictures.iterdir())[0], "-o", self.folder / "out.png", "--overwrite", *words)

    def test_rows_hold_what_was_measured(self):
        said = self.json_of("bench", self.network, "--tile", "64", "--tile", "96")
        self.assertGreater(said["peak"]["fp32_macs"], 1e8)
        self.assertGreater(said["peak"]["int8_macs"], 1e8)
        self.assertGreater(said["peak"]["bytes"], 1e8)
        self.assertEqual({(row["provider"], row["tile_size"]) for row in said["rows"]},
                         {(provider, tile) for provider in ("onnxruntime-cpu", "openvino-cpu") for tile in (64, 96)})
        for row in said["rows"]:
            self.assertEqual(row["problem"], "")
            self.assertGreater(row["microseconds_per_pixel"], 0)
            self.assertGreater(row["bound"], 0)
            self.assertGreater(row["psnr_to_fp32"], 60)
        table = self.succeeds("bench", self.network, "--tile", "64", "--provider", "onnxruntime-cpu").stdout
        self.assertEqual(table.count("onnxruntime-cpu "), 1 + ("on onnxruntime-cpu" in table and "on onnxruntime-cpu " in table))

    def test_a_choice_is_kept_and_taken(self):
        before = self.run_one(self.network)
        self.assertEqual(before["reason"], "the network as it came")
        chosen = self.json_of("bench", "--choose", self.network)["rows"][0]
        files = list((self.folder / "cache/mantissa/choices").iterdir())
        self.assertEqual(len(files), 1, "nothing is left beside it")
        after = self.run_one(self.network, "--explain")
        self.assertEqual(after["provider"], chosen["provider"])
        self.assertIn("measured on this machine earlier", after["reason"])
        self.assertTrue(any(line.startswith("not taken: ") for line in after["explanation"]), after)
        self.assertTrue(any(" nodes as the engine runs them: " in line for line in after["explanation"]), after)
        other = {"onnxruntime-cpu": "openvino-cpu", "openvino-cpu": "onnxruntime-cpu"}[chosen["provider"]]
        self.assertEqual(self.run_one(self.network, "--provider", other)["provider"], other, "a flag wins")
        for damage in ("", "{}", files[0].read_text()[:-30]):
            files[0].write_text(damage)
            self.assertEqual(self.run_one(self.network)["reason"], "the network as it came")

    def test_a_cache_that_cannot_be_written_is_one_sentence(self):
        (self.folder / "cache").write_text("a file where the folder should be")
        self.refused(3, "bench", "--choose", self.network, says=["choices"])
        self.run_one(self.network)

    def test_choose_takes_no_restrictions(self):
        for words in (["--provider", "openvino-cpu"], ["--variant", "fp32"], ["--tile", "64"]):
            self.refused(2, "bench", "--choose", self.network, *words, says=["choice"])
        self.refused(2, "bench", self.network, "--tile", "0")
        self.refused(2, "bench", self.network, "--provider", "abacus", says=["openvino-cpu"])
        self.refused(3, "bench", self.folder / "absent", says=["absent"])

    def test_of_a_release_what_passed_is_raced(self):
        mantissa("release", self.network, "--calibrate", self.pictures, "-o", self.folder / "out", "--repair-budget", "0")
        manifest = json.loads((self.folder / "out/release.json").read_text())
        there = {each["path"] for each in manifest["artifacts"] if each["speeds"]}
        rows = self.json_of("bench", "--choose", self.folder / "out")["rows"]
        self.assertEqual({row["path"] for row in rows}, there)
        self.assertEqual(rows[0]["problem"], "")
        after = self.run_one(self.folder / "out")
        self.assertEqual((after["variant"], after["provider"]), (rows[0]["variant"], rows[0]["provider"]))
        for path in {rows[0]["path"], "fp32/model.onnx"}:
            changed = self.folder / "out" / path
            whole = changed.read_bytes()
            changed.write_bytes(whole + b"\0")
            self.refused(3, "bench", self.folder / "out", says=["was changed"])
            changed.write_bytes(whole)


if __name__ == "__main__":
    sys.exit(unittest.main())
