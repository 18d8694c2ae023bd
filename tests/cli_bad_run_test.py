"""Runs and command lines that cannot be served, and runs that are interrupted: the exit code, one readable line, and nothing left behind.

MANTISSA_SHOW=1 prints each message.
"""

import resource
import shutil
import signal
import subprocess
import sys
import time
import unittest

from cli_tools import PROGRAM, Case, noise, pictures, png, tiny_network

USAGE, BAD_INPUT, UNSUPPORTED = 2, 3, 5


class BadRun(Case):
    """run refuses pictures and releases that cannot serve, and writes nothing."""

    def setUp(self):
        super().setUp()
        self.network = tiny_network(self.folder / "network.pth")
        self.picture = self.folder / "picture.png"
        self.picture.write_bytes(png(40, 30))

    def refuse(self, model, *words, code=BAD_INPUT, says=(), **options):
        before = self.entries()
        line = self.refused(code, "run", model, *words, says=says, **options)
        self.assertEqual(self.entries(), before)
        return line

    def test_pictures_that_are_none(self):
        for name, content in {"text.png": b"Not a picture.\n", "empty.jpg": b"", "cut.png": png(64, 64, sample=noise)[:6000]}.items():
            (self.folder / name).write_bytes(content)
            with self.subTest(name):
                self.refuse(self.network, self.folder / name, "-o", self.folder / "o.png", says=[name])

    def test_picture_that_ends_in_the_middle(self):
        (self.folder / "whole.png").write_bytes(png(300, 400, sample=noise))
        for name in ("a.jpg", "a.tif", "a.webp"):
            self.succeeds("run", self.network, self.folder / "whole.png", "-o", self.folder / name)
        for path in (self.folder / name for name in ("whole.png", "a.jpg", "a.tif", "a.webp")):
            content = path.read_bytes()
            path.write_bytes(content[:len(content) * 6 // 10])
            with self.subTest(path.name):  # in tiles of 64, so that some rows are done by then
                line = self.refuse(self.network, path, "-o", self.folder / "o.tif", "--tile", 64, says=[path.name])
                self.assertEqual(line.count(path.name), 1, line)

    def test_picture_without_pixels(self):
        for width, height in ((0, 5), (5, 0), (0, 0)):
            (self.folder / "none.png").write_bytes(png(width, height))
            self.refuse(self.network, self.folder / "none.png", "-o", self.folder / "o.png", says=["none.png"])

    def test_full_disk(self):
        # A limit on the size of files stands for it: both make write() fail.
        (self.folder / "large.png").write_bytes(png(200, 150, sample=noise))
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
        for name in ("o.png", "o.jpg", "o.tif", "o.webp"):
            with self.subTest(name):
                self.refuse(self.network, self.folder / "large.png", "-o", self.folder / name, says=[name], preexec_fn=limit)

    def test_picture_that_the_format_cannot_hold(self):
        (self.folder / "wide.png").write_bytes(png(9000, 2))
        self.refuse(self.network, self.folder / "wide.png", "-o", self.folder / "o.webp", says=["o.webp", "18000", "16383"])
        (self.folder / "alpha.png").write_bytes(png(40, 30, channels=4))
        self.refuse(self.network, self.folder / "alpha.png", "-o", self.folder / "o.jpg", says=["o.jpg", "alpha"])

    def test_no_folder_is_left_when_nothing_is_finished(self):
        (self.folder / "in").mkdir()
        (self.folder / "in/cut.png").write_bytes(png(64, 64, sample=noise)[:6000])
        self.refuse(self.network, self.folder / "in", "-o", self.folder / "results", says=["cut.png"])

    def test_one_of_several_is_missing(self):
        self.refuse(self.network, self.picture, self.folder / "absent.png", "-o", self.folder / "results", says=["absent.png"])

    def test_message_names_the_picture_once(self):
        line = self.refuse(self.network, self.folder / "absent.png", "-o", self.folder / "o.png")
        self.assertEqual(line.count("absent.png"), 1, line)
        line = self.refuse(self.network, self.picture, "-o", self.folder / "no/such/o.png")
        self.assertEqual(line.count("o.png"), 1, line)

    def test_no_such_model(self):
        self.refuse(self.folder / "absent", self.picture, "-o", self.folder / "o.png", says=["absent"])

    def test_folder_that_is_no_release(self):
        (self.folder / "empty").mkdir()
        self.refuse(self.folder / "empty", self.picture, "-o", self.folder / "o.png", says=["empty", "release"])

    def test_output_exists(self):
        out = self.folder / "o.png"
        out.write_text("mine")
        self.refuse(self.network, self.picture, "-o", out, says=["o.png", "exists", "--overwrite"])
        self.assertEqual(out.read_text(), "mine")
        self.succeeds("run", self.network, self.picture, "-o", out, "--overwrite")

    def test_output_is_the_input(self):
        content = self.picture.read_bytes()
        self.refuse(self.network, self.picture, "-o", self.picture, "--overwrite", code=USAGE, says=["picture.png"])
        self.assertEqual(self.picture.read_bytes(), content)

    def test_output_of_an_unknown_kind(self):
        self.refuse(self.network, self.picture, "-o", self.folder / "o.xyz", says=["o.xyz"])

    def test_output_in_a_folder_that_is_not_there(self):
        self.refuse(self.network, self.picture, "-o", self.folder / "no/such/o.png", says=["no/such"])

    def test_several_pictures_for_one_file(self):
        other = self.folder / "other.png"
        other.write_bytes(png(20, 20))
        self.refuse(self.network, self.picture, other, "-o", self.picture.with_name("x.png"), code=USAGE, says=["x.png", "folder"])

    def test_two_pictures_of_one_name(self):
        other = self.folder / "sub"
        other.mkdir()
        shutil.copy(self.picture, other)
        self.refuse(self.network, self.picture, other, "-o", self.folder / "results", code=USAGE, says=["picture.png"])

    def test_unknown_provider(self):
        self.refuse(self.network, self.picture, "-o", self.folder / "new", "--provider", "abacus", code=USAGE,
                    says=["abacus", "onnxruntime-cpu", "openvino-cpu"])

    def test_variant_of_a_network_file(self):
        self.refuse(self.network, self.picture, "-o", self.folder / "o.png", "--variant", "int8", code=USAGE, says=["int8", "mantissa release"])


class BadRelease(Case):
    """run refuses a release that is not what was made."""

    def setUp(self):
        super().setUp()
        network = tiny_network(self.folder / "network.pth")
        self.release = self.folder / "release"
        self.succeeds("release", network, "--calibrate", pictures(self.folder / "pictures"), "-o", self.release)
        self.picture = self.folder / "pictures/0.png"

    def refuse(self, *words, code=BAD_INPUT, says=()):
        self.refused(code, "run", self.release, self.picture, "-o", self.folder / "o.png", *words, says=says)
        self.assertFalse((self.folder / "o.png").exists())

    def test_altered_file(self):
        for path in (self.release / "int8").iterdir():
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
        self.refuse("--variant", "int8", says=["int8/", "changed"])
        self.succeeds("run", self.release, self.picture, "-o", self.folder / "fp32.png", "--variant", "fp32")

    def test_missing_file(self):
        shutil.rmtree(self.release / "int8")
        self.refuse("--variant", "int8", says=["int8/"])

    def test_manifest(self):
        manifest = self.release / "release.json"
        good = manifest.read_text()
        for bad in ("", "{", "[]", "{}", good.replace('"int8/model.onnx"', '"../../etc/passwd"'), good[:-20]):
            manifest.write_text(bad)
            self.refuse(says=["release.json"])
        manifest.write_text(good.replace('"schema": 1', '"schema": 99'))
        self.refuse(code=UNSUPPORTED, says=["release.json", "99"])

    def test_variant_that_is_not_there(self):
        self.refuse("--variant", "int5", code=UNSUPPORTED, says=["int5", "int8"])

    def test_unknown_provider(self):
        self.refuse("--provider", "abacus", code=USAGE, says=["abacus", "openvino-cpu"])

    def test_range_of_a_release(self):
        self.refuse("--range", "0:255", code=USAGE, says=["--range"])


class BadUsage(Case):
    """What makes no sense as it was typed ends with 2 before anything is read."""

    def refuse(self, *words, says=()):
        self.refused(USAGE, *words, says=says)
        self.assertEqual(self.entries(), [])

    def test_commands(self):
        self.refuse(says=["release", "run"])
        self.refuse("polish", says=["polish", "release"])
        self.refuse("polish", "--help", says=["polish", "release"])
        self.refuse("--tile", "3", says=["--tile"])
        self.refuse("release")
        self.refuse("run", "model")
        self.refuse("inspect")
        self.refuse("inspect", "a.pth", "b.pth", says=["b.pth"])
        self.refuse("run", "a", "b", "-o", "c", "--colour-depth", "3", says=["--colour-depth"])

    def test_numbers(self):
        run, release = ["run", "a", "b", "-o", "c"], ["release", "a", "--calibrate", "b", "-o", self.folder / "c"]
        for words in ([*run, "--tile", "-3"], [*run, "--tile", "0"], [*run, "--tile", "many"], [*run, "--threads", "-1"],
                      [*run, "--quality", "0"], [*run, "--quality", "101"], [*run, "--quality", "9.5"], [*release, "--seed", "-1"],
                      [*release, "--seed", "x"], [*release, "--repair-budget", "-5"], [*release, "--repair-budget", "soon"]):
            with self.subTest(words[-2:]):
                self.refuse(*words, says=[words[-2]])

    def test_words(self):
        network = tiny_network(self.folder / "n.pth")
        calibration = pictures(self.folder / "p")
        before = self.entries()
        for words in (["--degrade", "blur:3"], ["--degrade", "bicubic:1"], ["--degrade", "bicubic:x"], ["--degrade", "noise:-4"],
                      ["--range", "1:0"], ["--range", "low:high"], ["--range", "5"], ["--colour", "purple"], ["--colour", "luminance"],
                      ["--targets", "abacus"], ["--targets", "x86-avx2,abacus"], ["--without", "luck"]):
            with self.subTest(words):
                self.refused(USAGE, "release", network, "--calibrate", calibration, "-o", self.folder / "out", *words, says=[words[1].split(",")[-1]])
                self.assertEqual(self.entries(), before)

    def test_evaluate_takes_one_or_two_folders(self):
        self.refuse("release", "a", "--calibrate", "b", "--evaluate", "c", "d", "e", "-o", self.folder / "out")


class Interrupted(Case):
    def test_run_leaves_nothing(self):
        network = tiny_network(self.folder / "network.pth", features=64, colours=1)
        (self.folder / "large.png").write_bytes(png(1500, 1000, channels=1, sample=lambda x, y, c: 0.5))
        before = self.entries()
        words = [PROGRAM, "run", network, self.folder / "large.png", "-o", self.folder / "out.png", "--threads", "1", "--tile", "64"]
        process = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        limit = time.monotonic() + 60
        while self.entries() == before and time.monotonic() < limit:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, said)
        self.assertEqual(self.entries(), before)

    def test_release_leaves_nothing(self):
        network = tiny_network(self.folder / "network.pth", features=48)
        calibration = pictures(self.folder / "calibration", width=200, height=200)
        before = self.entries()
        words = [PROGRAM, "release", network, "--calibrate", calibration, "-o", self.folder / "out"]
        process = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        limit = time.monotonic() + 60
        while self.entries() == before and time.monotonic() < limit:
            time.sleep(0.001)  # until it has begun to write
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, said)
        self.assertEqual(len(said.strip().split("\n")), 1, said)
        self.assertEqual(self.entries(), before)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
