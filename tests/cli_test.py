"""The program as a user types it: what all commands have in common, and those that only tell."""

import json
import sys
import unittest

from cli_tools import ROOT, Case, manifest_of, mantissa, pictures, tiny_network, tiny_state


class Commands(Case):
    """Help, lists, JSON and exit codes."""

    def test_help_of_each_command_has_an_example(self):
        for words in ([], ["release"], ["run"], ["inspect"], ["bench"], ["providers"], ["targets"]):
            said = self.succeeds(*words, "--help").stdout
            self.assertIn("\nExample:\n  mantissa ", said, words)
            self.assertNotIn("subcommand", said.lower())

    def test_help_of_release_names_every_technique(self):
        refused = mantissa("release", "n", "--calibrate", "c", "-o", self.folder / "o", "--without", "luck")
        names = refused.stderr.split("Choose from ")[1].strip(". \n").split(", ")
        self.assertGreater(len(names), 5)
        said = "".join(self.succeeds("release", "--help").stdout.split())
        for name in names:
            self.assertIn(name, said)

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
        self.assertEqual((said["tile"], said["tile_bytes"] > said["bytes_per_pixel"] * said["tile"] ** 2), (256, True))
        hazards = {each["name"]: each for each in said["hazards"]}
        self.assertEqual((hazards["broken-chains"]["variants"], hazards["broken-chains"]["nodes"]), (["int8"], 3))
        self.assertIn("2 PRelu", hazards["broken-chains"]["reason"])
        told = self.succeeds("inspect", self.folder / "n.pth").stdout
        self.assertRegex(told, r"\nhard for narrow formats\n  int8 +1 Add, 2 PRelu behind integer layers: ")
        lines = told.split("most work in")[0].strip().split("\n")
        for line in lines:
            self.assertRegex(line, r"^[a-z ]{16} [^ ]", "labels are aligned")
        text = self.succeeds("inspect", self.folder / "n.pth", "--text").stdout
        self.assertIn("DepthToSpace", text)

    def test_what_inspect_tells_is_documented(self):
        documented = (ROOT / "docs/inspect.md").read_text(encoding="utf-8")
        said = self.json_of("inspect", tiny_network(self.folder / "n.pth"))
        for name in [*said, *(key for hazard in said["hazards"] for key in hazard), *(hazard["name"] for hazard in said["hazards"])]:
            self.assertIn(f"`{name}`", documented)

    def test_memory_of_a_tile(self):
        network = tiny_network(self.folder / "n.pth")
        small, large = (self.json_of("inspect", network, "--tile", side) for side in (100, 400))
        self.assertEqual((small["tile"], large["tile"]), (100, 400))
        self.assertAlmostEqual(large["tile_bytes"] / small["tile_bytes"], 16, places=3)
        self.assertIn("MB for a tile of 100 x 100;", self.succeeds("inspect", network, "--tile", "100").stdout)
        for wrong in ("0", "-1", "many", "99999999999"):
            self.refused(2, "inspect", network, "--tile", wrong, says=["--tile"])

    def test_providers_and_targets(self):
        names = {each["name"]: each for each in self.json_of("providers")}
        self.assertEqual(names["onnxruntime-cpu"]["missing"], "")
        self.assertLessEqual(sum(each["this_machine"] for each in self.json_of("targets")), 1)

    def test_gate_that_fails_is_exit_4_and_the_manifest_says_why(self):
        wild = tiny_network(self.folder / "wild.pth", spread=3)  # amplifies every rounding error far beyond the picture
        calibration = pictures(self.folder / "p")
        done = self.succeeds("release", wild, "--calibrate", calibration, "-o", self.folder / "out", "--repair-budget", "0", code=4)
        manifest = manifest_of(self.folder / "out")
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

if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
