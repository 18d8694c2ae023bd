"""Bad networks and bad calibration pictures, given as a user does: the exit code, one readable line that says what is wrong with what,
and nothing left behind.

MANTISSA_SHOW=1 prints each message.
"""

import os
import pickle
import resource
import shutil
import signal
import struct
import subprocess
import sys
import unittest
import zipfile

from cli_tools import SHARED, Case, checkpoint, mantissa, needs_shared, noise, pictures, png, text, tiny_network, tiny_state

BAD_INPUT, UNSUPPORTED = 3, 5


class BadNetwork(Case):
    """release and inspect refuse a file that is no network, and leave nothing."""

    def refuse(self, name, content=None, code=BAD_INPUT, says=()):
        path = self.folder / name
        if content is not None:
            path.write_bytes(content)
        calibration = self.folder / "calibration"
        if not calibration.exists():
            pictures(calibration)
        before = self.entries()
        out = self.folder / "out"
        self.refused(code, "release", path, "--calibrate", calibration, "-o", out, says=(name, *says))
        self.assertEqual(self.entries(), before)
        self.refused(code, "inspect", path, says=(name, *says))
        self.refused(code, "run", path, calibration / "0.png", "-o", self.folder / "o.png", says=(name, *says))
        self.assertEqual(self.entries(), before)

    def test_missing(self):
        self.refuse("absent.pth")

    def test_empty(self):
        self.refuse("empty.pth", b"", says=["empty"])

    def test_a_folder(self):
        (self.folder / "weights").mkdir()
        self.refuse("weights")

    def test_text(self):
        self.refuse("notes.pth", b"These are my notes on the network.\n" * 40, code=BAD_INPUT, says=["no kind of network"])

    def test_a_picture(self):
        self.refuse("photo.onnx", png(8, 8))

    def test_truncated_at_many_places(self):
        whole = tiny_network(self.folder / "whole.pth").read_bytes()
        for part in (40, len(whole) // 4, len(whole) // 2, len(whole) - 30, len(whole) - 1):
            with self.subTest(part):
                self.refuse("part.pth", whole[:part])

    def test_flipped_bytes_never_crash(self):
        whole = tiny_network(self.folder / "whole.pth").read_bytes()
        for at in range(0, len(whole), len(whole) // 40):
            with self.subTest(at):
                (self.folder / "flipped.pth").write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1:])
                self.assertIn(mantissa("inspect", self.folder / "flipped.pth").returncode, (0, BAD_INPUT, UNSUPPORTED))

    def with_pickle(self, name, data):
        with zipfile.ZipFile(self.folder / name, "w") as archive:
            archive.writestr("archive/data.pkl", data)
            archive.writestr("archive/version", "3\n")

    def test_pickle_that_runs_a_command(self):
        attack = b"\x80\x02cos\nsystem\n(" + text(f"touch {self.folder}/owned") + b"tR."
        self.with_pickle("attack.pth", attack)
        self.refuse("attack.pth", says=["os.system"])
        self.refuse("attack_bare.pth", attack)
        self.assertFalse((self.folder / "owned").exists())

    def test_pickle_of_python_objects(self):
        self.refuse("eval.pth", pickle.dumps(print, protocol=2))

    def test_whole_module(self):
        self.with_pickle("module.pth", b"\x80\x02cmodels.unet\nUNet\n)\x81}b.")
        self.refuse("module.pth", code=BAD_INPUT, says=["models.unet.UNet", "state_dict"])

    def test_zip_with_lying_sizes(self):
        honest = tiny_network(self.folder / "honest.pth").read_bytes()
        directory = honest.rindex(b"PK\x01\x02")
        for offset in (20, 24):  # compressed and real size of the last entry
            at = directory + offset
            with self.subTest(offset):
                self.refuse("lying.pth", honest[:at] + struct.pack("<I", 0x7FFFFFF0) + honest[at + 4:])

    def test_storage_smaller_than_its_tensor(self):
        state = tiny_state()
        state["body.2.weight"] = (state["body.2.weight"][0], state["body.2.weight"][1][:-1])
        checkpoint(self.folder / "short.pth", state)
        self.refuse("short.pth", says=["body.2.weight"])

    def test_no_known_architecture(self):
        checkpoint(self.folder / "strange.pth", {"encoder.0.weight": ((4, 3, 3, 3), [0.0] * 108), "encoder.0.bias": ((4,), [0.0] * 4)})
        self.refuse("strange.pth", code=BAD_INPUT, says=["encoder.0.weight"])

    def test_almost_a_known_architecture(self):
        state = tiny_state()
        del state["body.3.weight"]
        checkpoint(self.folder / "almost.pth", state)
        self.refuse("almost.pth", code=BAD_INPUT, says=["SRVGGNetCompact"])

    def test_no_tensors(self):
        checkpoint(self.folder / "nothing.pth", {})
        self.refuse("nothing.pth")

    @needs_shared("models/onnx_subpixel")
    def test_custom_operator(self):
        name = "superresolution_with_pre_post_processing_op18.onnx"
        shutil.copy(SHARED / "models/onnx_subpixel" / name, self.folder / name)
        self.refuse(name, code=BAD_INPUT, says=["com.microsoft.extensions"])

    @needs_shared("onnx/espcn_x2.onnx")
    def test_truncated_onnx(self):
        whole = (SHARED / "onnx/espcn_x2.onnx").read_bytes()
        for part in (len(whole) // 4, len(whole) // 2, len(whole) - 5):
            with self.subTest(part):
                self.refuse("part.onnx", whole[:part])

    def test_weights_that_are_not_numbers(self):
        state = tiny_state()
        for number, word in (("nan", "NaN"), ("inf", "infinite")):
            state["body.2.weight"][1][5] = float(number)
            checkpoint(self.folder / f"{number}.pth", state)
            self.refuse(f"{number}.pth", says=["body.2.weight", word, "element 5 of 576"])


class BadPictures(Case):
    """release refuses calibration and evaluation pictures that cannot serve."""

    def setUp(self):
        super().setUp()
        self.network = tiny_network(self.folder / "network.pth")
        self.good = pictures(self.folder / "good")

    def refuse(self, *words, code=BAD_INPUT, says=(), network=None, **options):
        before = self.entries()
        line = self.refused(code, "release", network or self.network, *words, "-o", self.folder / "out", says=says, **options)
        self.assertEqual(self.entries(), before)
        return line

    def both_refuse(self, folder, says):
        self.refuse("--calibrate", folder, says=says)
        self.refuse("--calibrate", self.good, "--evaluate", folder, says=says)

    def test_no_folder(self):
        self.both_refuse(self.folder / "absent", ["absent"])

    def test_no_pictures(self):
        (self.folder / "bare").mkdir()
        self.both_refuse(self.folder / "bare", ["bare", "no pictures"])
        (self.folder / "bare/readme.txt").write_text("nothing to see")
        self.both_refuse(self.folder / "bare", ["bare", "no pictures"])

    def test_a_picture_instead_of_a_folder(self):
        self.both_refuse(self.good / "0.png", ["0.png", "folder"])

    def test_grey_for_colour(self):
        self.both_refuse(pictures(self.folder / "grey", channels=1), ["0.png", "grey"])

    def test_too_small(self):
        self.both_refuse(pictures(self.folder / "small", width=9, height=9), ["0.png", "9x9", "16"])

    def test_too_small_once_reduced(self):
        self.refuse("--calibrate", self.good, "--degrade", "bicubic:2", "--evaluate", pictures(self.folder / "small", width=20, height=20),
                    says=["0.png"])

    def test_corrupt_among_good_ones(self):
        for name, content in {"text": b"hello", "empty": b"", "half": png(64, 64, sample=noise)[:6000]}.items():
            folder = pictures(self.folder / name)
            (folder / "1.png").write_bytes(content)
            with self.subTest(name):
                self.both_refuse(folder, [f"{name}/1.png"])

    def test_pairs_of_the_wrong_scale(self):
        folder = self.folder / "pairs"
        folder.mkdir()
        (folder / "a_LR.png").write_bytes(png(32, 32))
        (folder / "a_HR.png").write_bytes(png(96, 96))
        self.both_refuse(folder, ["a_LR.png", "96x96", "64x64"])

    def test_folders_of_different_numbers(self):
        truth = pictures(self.folder / "truth", count=2, width=96, height=80)
        self.refuse("--calibrate", self.good, "--evaluate", self.good, truth, says=["3", "2", "truth"])

    def test_a_picture_without_a_partner(self):
        folder = self.folder / "pairs"
        folder.mkdir()
        for name, side in (("a_LR", 32), ("a_HR", 64), ("b_LR", 32)):
            (folder / f"{name}.png").write_bytes(png(side, side))
        self.both_refuse(folder, ["b_LR.png", "partner"])

    def test_folders_whose_names_do_not_match(self):
        truth = self.folder / "truth"
        truth.mkdir()
        for name, width, height in (("x", 96, 80), ("y", 98, 84), ("z", 100, 88)):
            (truth / f"{name}.png").write_bytes(png(width, height))
        self.refuse("--calibrate", self.good, "--evaluate", self.good, truth, says=["0.png", "x.png"])

    def test_output_exists(self):
        out = self.folder / "out"
        out.mkdir()
        (out / "precious.txt").write_text("mine")
        self.refuse("--calibrate", self.good, says=["out", "exists"])
        self.assertEqual((out / "precious.txt").read_text(), "mine")

    def test_output_in_a_folder_that_is_not_there(self):
        self.refused(BAD_INPUT, "release", self.network, "--calibrate", self.good, "-o", self.folder / "no/such/out", says=["no/such"])
        self.assertFalse((self.folder / "no").exists())

    @unittest.skipIf(os.geteuid() == 0, "the administrator may write anywhere")
    def test_output_where_nobody_may_write(self):
        self.refused(BAD_INPUT, "release", self.network, "--calibrate", self.good, "-o", "/out", says=["/out"])

    def test_full_disk(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing beyond the limit fails, as on a full disk
            resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))

        self.refuse("--calibrate", self.good, says=["out"], preexec_fn=limit)

    def test_full_disk_for_real(self):
        disk = self.folder / "disk"
        disk.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", disk], capture_output=True, check=False).returncode:
            self.skipTest("a small file system cannot be mounted here")
        try:
            line = self.refused(BAD_INPUT, "release", self.network, "--calibrate", self.good, "-o", disk / "out", says=["No space left on device"])
            self.assertEqual((line.count(f"{disk}/out/"), line.count("/.out")), (1, 0), line)
            self.assertEqual(list(disk.iterdir()), [])
            picture = self.folder / "p.png"
            picture.write_bytes(png(100, 100))
            line = self.refused(BAD_INPUT, "run", self.network, picture, "-o", disk / "o.png", says=["No space left on device"])
            self.assertEqual(line.count("o.png"), 1, line)
            self.assertEqual(list(disk.iterdir()), [])
        finally:
            subprocess.run(["umount", disk], check=True)

if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
