"""`mantissa run` on many pictures: folders, patterns, names of outputs, what fails and what is skipped, and --scale."""

import signal
import subprocess
import sys
import time
import unittest

from cli_tools import PROGRAM, Case, mantissa, noise, png, read_png, tiny_network

USAGE, BAD_INPUT, INTERRUPTED = 2, 3, 130


class Many(Case):
    def setUp(self):
        super().setUp()
        self.network = tiny_network(self.folder / "network.pth")
        self.tree = self.folder / "in"
        for name in ("a.png", "b.png", "2024/may/c.png", "2024/a.png", ".hidden/d.png", ".e.png"):
            self.picture(f"in/{name}")

    def picture(self, name, content=None):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content or png(16, 12))
        return path

    def run_json(self, *words, code=0):
        return self.json_of("run", self.network, *words, code=code)

    def made(self, folder="out"):
        root = self.folder / folder
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())

    def refuse(self, *words, code=USAGE, says=()):
        before = self.entries()
        line = self.refused(code, "run", self.network, *words, says=says)
        self.assertEqual(self.entries(), before)
        return line


class Inputs(Many):
    def test_a_folder_without_and_with_those_below(self):
        self.run_json(self.tree, "-o", self.folder / "out")
        self.assertEqual(self.made(), ["a.png", "b.png"])
        self.run_json(self.tree, "-r", "-o", self.folder / "all")
        self.assertEqual(self.made("all"), ["2024/a.png", "2024/may/c.png", "a.png", "b.png"])

    def test_a_pattern_that_no_shell_has_expanded(self):
        self.run_json(self.tree / "[ab].p*", "-o", self.folder / "out")
        self.assertEqual(self.made(), ["a.png", "b.png"])
        self.run_json(self.folder / "in/*/?.png", "-o", self.folder / "other")
        self.assertEqual(self.made("other"), ["a.png"])
        self.refuse(self.tree / "*.gif", "-o", self.folder / "new", code=BAD_INPUT, says=["*.gif"])

    def test_a_file_may_be_called_like_a_pattern(self):
        self.picture("in/[ab].png")
        self.run_json(self.tree / "[ab].png", "-o", self.folder / "out")
        self.assertEqual(self.made(), ["[ab].png"])

    def test_a_picture_that_is_named_twice_is_one(self):
        done = self.run_json(self.tree / "a.png", self.tree, self.tree / "*.png", "-o", self.folder / "out")
        self.assertEqual(len(done["pictures"]), 2)

    def test_a_folder_of_folders_only(self):
        self.refuse(self.folder / "in/2024/may/..", self.folder / "in/.hidden/..", "-o", self.folder / "o.png", says=["one file"])
        (self.folder / "empty/below").mkdir(parents=True)
        self.refuse(self.folder / "empty", "-o", self.folder / "new", code=BAD_INPUT, says=["empty", "--recursive"])


class Names(Many):
    def test_placeholders(self):
        self.run_json(self.tree, "-r", "-o", self.folder / "out/{variant}/{folder}/{{{name}}_x{scale}.{ext}")
        self.assertEqual(self.made(), [f"fp32/{name}_x2.png" for name in ("2024/may/{c}", "2024/{a}", "{a}", "{b}")])

    def test_another_format_for_all(self):
        self.run_json(self.tree, "-o", self.folder / "out/{name}.jpg")
        self.assertEqual(self.made(), ["a.jpg", "b.jpg"])
        self.assertTrue((self.folder / "out/a.jpg").read_bytes().startswith(b"\xff\xd8\xff"))

    def test_names_that_cannot_be(self):
        new = self.folder / "new"
        self.refuse(self.tree, "-o", new / "{ext}.png", says=["one file", "{name}"])
        self.refuse(self.tree, "-o", new / "same.png", says=["one file", "{name}"])
        self.refuse(self.tree, "-o", new / "{name}_{size}.png", says=["{size}", "{variant}"])
        self.refuse(self.tree / "a.png", "-o", new / "{name.png", says=["{{"])
        self.refuse(self.tree, "-r", "-o", new / "{name}.png", says=["in/a.png", "2024/a.png", "{folder}"])
        self.refuse(self.tree / "a.png", self.tree / "2024/a.png", "-o", new, says=["would both become"])

    def test_outputs_beside_the_inputs_are_no_inputs_of_the_next_run(self):
        for more in ([], ["--overwrite"], ["--skip-existing"]):
            self.run_json(self.tree, "-o", self.tree / "{name}_x2.png", *more)
            self.assertEqual([name for name in self.made("in") if name.count("/") == 0],
                             [".e.png", "a.png", "a_x2.png", "b.png", "b_x2.png"])
        self.refuse(self.tree / "a.png", self.tree / "a_x2.png", "-o", self.tree / "{name}_x2.png", "--overwrite", says=["a_x2.png"])

    def test_outputs_below_the_inputs(self):
        for more in ([], ["--overwrite"]):
            self.run_json(self.tree, "-r", "-o", self.tree / "out", *more)
            self.assertEqual(self.made("in/out"), ["2024/a.png", "2024/may/c.png", "a.png", "b.png"])


class Failures(Many):
    def test_a_damaged_picture_does_not_stop_the_others(self):
        self.picture("in/aa.png", png(64, 64, sample=noise)[:6000])
        self.picture("in/ab.png", b"Not a picture.\n")
        done = mantissa("run", self.network, self.tree, "-o", self.folder / "out")
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertEqual(self.made(), ["a.png", "b.png"])
        lines = done.stderr.strip().split("\n")
        self.assertEqual(len(lines), 2, done.stderr)
        for line, name in zip(lines, ("aa.png", "ab.png")):
            self.assertRegex(line, rf"^mantissa: .*{name}.*\.$")
        self.assertIn("2 restored, 0 skipped, 2 failed", done.stdout)
        json = self.run_json(self.tree, "-o", self.folder / "again", code=BAD_INPUT)
        self.assertEqual([failed["input"][-6:] for failed in json["failures"]], ["aa.png", "ab.png"])
        self.assertEqual({failed["error"]["code"] for failed in json["failures"]}, {BAD_INPUT})

    def test_a_place_that_cannot_be_written_to(self):
        self.picture("file")
        self.refuse(self.tree, "-o", self.folder / "file", says=["file", "{name}"])
        self.refuse(self.tree, "-o", self.folder / "file/below", code=BAD_INPUT, says=["file is a file"])
        self.refuse(self.tree, "-o", self.folder / "file/{name}.png", code=BAD_INPUT, says=["file is a file"])

    def test_folders_of_pictures_that_failed_go_again(self):
        self.picture("in/z/bad.png", b"Not a picture.\n")
        self.run_json(self.tree, "-r", "-o", self.folder / "out", code=BAD_INPUT)
        self.assertFalse((self.folder / "out/z").exists())

    def test_skip_existing_goes_on(self):
        self.run_json(self.tree / "a.png", "-o", self.folder / "out")
        first = (self.folder / "out/a.png").stat()
        done = self.run_json(self.tree, "-o", self.folder / "out", "--skip-existing")
        self.assertEqual((len(done["pictures"]), done["skipped"]), (1, 1))
        self.assertEqual((self.folder / "out/a.png").stat().st_mtime_ns, first.st_mtime_ns)
        done = self.run_json(self.tree, "-o", self.folder / "out", "--skip-existing")
        self.assertEqual((len(done["pictures"]), done["skipped"]), (0, 2))
        self.refuse(self.tree, "-o", self.folder / "out", code=BAD_INPUT, says=["a.png", "--skip-existing"])
        self.refuse(self.tree, "-o", self.folder / "out", "--skip-existing", "--overwrite", says=["--overwrite"])

    def test_an_interrupt_keeps_what_is_finished(self):
        network = tiny_network(self.folder / "slow.pth", features=64)
        for i in range(30):
            self.picture(f"many/{i:02}.png", png(200, 200, sample=lambda x, y, c: 0.5))
        command = [PROGRAM, "run", network, self.folder / "many", "-o", self.folder / "out", "--threads", "1"]
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        limit = time.monotonic() + 60
        while not (self.folder / "out/02.png").exists() and time.monotonic() < limit:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED, said)
        self.assertRegex(said, r"^mantissa: stopped on request: \d+ of 30 pictures are finished\. .*--skip-existing.*\.\n$")
        made = self.made()
        self.assertEqual(made, [f"{i:02}.png" for i in range(len(made))])
        self.assertIn(f" {len(made)} of 30 ", said)
        for name in made:
            self.assertEqual(read_png(self.folder / "out" / name)[:2], (400, 400))


class Scales(Many):
    def test_sizes(self):
        for scale, size in (("3", (48, 36)), ("1", (16, 12)), ("0.5", (8, 6)), ("1.37", (22, 16)), ("0.02", (1, 1))):
            with self.subTest(scale):
                done = self.run_json(self.tree / "a.png", "-o", self.folder / f"x{scale}.png", "--scale", scale)
                self.assertEqual(read_png(self.folder / f"x{scale}.png")[:2], size)
                self.assertEqual(done["scale"], float(scale))

    def test_what_is_no_scale(self):
        for scale in ("0", "-2", "65", "nan", "twice"):
            with self.subTest(scale):
                self.refuse(self.tree / "a.png", "-o", self.folder / "o.png", "--scale", scale, says=["scale"])

    def test_a_flat_picture_stays_flat(self):
        network = tiny_network(self.folder / "n.pth", colours=1)
        flat = self.picture("flat.png", png(40, 40, channels=2, sample=lambda x, y, c: 1))
        for scale in ("2", "1.3"):
            self.succeeds("run", network, flat, "-o", self.folder / f"{scale}.png", "--scale", scale)
        inner = [read_png(self.folder / f"{scale}.png")[4][25][50:54] for scale in ("2", "1.3")]
        for a, b in zip(*inner):
            self.assertAlmostEqual(a, b, delta=0.03)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
