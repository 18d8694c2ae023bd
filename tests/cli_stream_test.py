"""`mantissa run` between two programs: streams of frames on standard input and output, Y4M and raw, and what goes wrong with them.

The frames are made and read here; where ffmpeg is installed, it is asked too.
"""

import math
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

from cli_tools import PROGRAM, ROOT, Case, png, read_png, tiny_network

USAGE, BAD_INPUT, UNSUPPORTED, INTERRUPTED = 2, 3, 5, 130
KR, KB = {"bt601": 0.299, "bt709": 0.2126}, {"bt601": 0.114, "bt709": 0.0722}


def run(network, data, *words, output="-"):
    """What the program makes of the bytes on its standard input."""
    command = [str(word) for word in (PROGRAM, "run", network, "-", "-o", output, *words)]
    return subprocess.run(command, input=data, capture_output=True, timeout=300, check=False)


def colours(width, height, phase):
    """A smooth picture with saturated colours: rows of (r, g, b)."""
    return [[(0.5 + 0.45 * math.sin(0.2 * x + phase), 0.5 + 0.45 * math.cos(0.15 * y + phase), 0.5 + 0.4 * math.sin(0.1 * (x + y)))
             for x in range(width)] for y in range(height)]


def raw(rows, bits=8):
    largest = (1 << bits) - 1
    return b"".join(round(v * largest).to_bytes(bits // 8, "little") for row in rows for pixel in row for v in pixel)


def y4m_444(rows, matrix, full):
    """A frame of 4:4:4: the textbook's formula, number by number."""
    kr, kb = KR[matrix], KB[matrix]
    planes = [bytearray(), bytearray(), bytearray()]
    for row in rows:
        for r, g, b in row:
            y = kr * r + (1 - kr - kb) * g + kb * b
            numbers = (y, (b - y) / (2 - 2 * kb), (r - y) / (2 - 2 * kr))
            for i, (number, plane) in enumerate(zip(numbers, planes)):
                plane.append(round(number * 255 + (0, 128)[i > 0] if full else number * (219, 224)[i > 0] + (16, 128)[i > 0]))
    return b"FRAME\n" + b"".join(planes)


def rgb_of_444(frame, count, matrix, full):
    """The samples of such a frame as RGB in 0..255."""
    kr, kb = KR[matrix], KB[matrix]
    result = []
    for i in range(count):
        y, cb, cr = frame[i], frame[count + i] - 128, frame[2 * count + i] - 128
        y, cb, cr = (y / 255, cb / 255, cr / 255) if full else ((y - 16) / 219, cb / 224, cr / 224)
        r, b = y + (2 - 2 * kr) * cr, y + (2 - 2 * kb) * cb
        result += [255 * r, 255 * (y - kr * r - kb * b) / (1 - kr - kb), 255 * b]
    return result


class Streams(Case):
    def setUp(self):
        super().setUp()
        self.network = tiny_network(self.folder / "network.pth")

    def passes(self, data, *words, **options):
        done = run(self.network, data, *words, **options)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout

    def fails(self, code, data, *words, says=(), frames=0, frame_bytes=0, header=b""):
        """Ends with one line, and with the frames before the failure on standard output."""
        done = run(self.network, data, *words)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, code, said)
        self.assertRegex(said, r"^mantissa: [^\n]*\.\n$")
        for word in says:
            self.assertIn(str(word), said)
        self.assertEqual(len(done.stdout), len(header) + frames * frame_bytes)


class RawFrames(Streams):
    def picture_of(self, rows):
        """What the program makes of the same frame as a picture file."""
        height, width = len(rows), len(rows[0])
        (self.folder / "in.png").write_bytes(png(width, height, sample=lambda x, y, c: round(rows[y][x][c] * 255) / 255))
        self.succeeds("run", self.network, self.folder / "in.png", "-o", self.folder / "o.png", "--overwrite")
        return bytes(round(v * 255) for row in read_png(self.folder / "o.png")[4] for v in row)

    def test_rgb24_frames_are_what_pictures_become(self):
        frames = [colours(20, 14, phase) for phase in range(3)]
        out = self.passes(b"".join(map(raw, frames)), "--frames", "rgb24", "--size", "20x14")
        self.assertEqual(out, b"".join(map(self.picture_of, frames)))

    def test_other_kinds(self):
        rows = colours(20, 14, 1)
        eight = self.passes(raw(rows), "--frames", "rgb24", "--size", "20x14")
        sixteen = self.passes(raw(rows, 16), "--frames", "rgb48", "--size", "20x14")
        self.assertEqual(len(sixteen), 2 * len(eight))
        for i, number in enumerate(eight):
            self.assertAlmostEqual(int.from_bytes(sixteen[2 * i:2 * i + 2], "little") / 257, number, delta=2)
        grey = bytes(range(240)) * 2
        self.assertEqual(len(self.passes(grey, "--frames", "gray", "--size", "20x12")), 2 * 960)
        self.assertEqual(len(self.passes(grey, "--frames", "gray16", "--size", "20x12", "--scale", "1.5")), 30 * 18 * 2)

    def test_sizes_that_are_missing_or_wrong(self):
        self.fails(USAGE, b"", "--frames", "rgb24", says=["--size"])
        self.fails(USAGE, b"", "--frames", "yuyv", "--size", "4x4", says=["yuyv", "rgb24"])
        for size in ("20", "20x", "x20", "20x-3", "0x5", "20x14x3", "2000000x5"):
            self.fails(USAGE, b"", "--frames", "rgb24", "--size", size, says=["large" if size.startswith("2000000") else size])
        self.fails(UNSUPPORTED, b"", "--frames", "rgb24", "--size", "500000x500000", says=["memory"])
        self.fails(USAGE, b"", "--size", "20x14", says=["Y4M"])
        self.fails(USAGE, b"", "--frames", "rgb24", "--size", "4x4", "--matrix", "bt601", says=["Y4M"])

    def test_a_stream_that_ends_within_a_frame(self):
        frame = raw(colours(20, 14, 0))
        self.fails(BAD_INPUT, b"", "--frames", "rgb24", "--size", "20x14", says=["standard input", "empty"])
        self.fails(BAD_INPUT, 3 * frame + frame[:-1], "--frames", "rgb24", "--size", "20x14", frames=3, frame_bytes=4 * len(frame),
                   says=["frame 4", f"{len(frame) - 1} of its {len(frame)} bytes"])


class Y4m(Streams):
    def test_colours_in_every_matrix_and_range(self):
        rows = colours(24, 16, 2)
        expected = self.passes(raw(rows), "--frames", "rgb24", "--size", "24x16")
        for matrix in ("bt601", "bt709"):
            for full in (False, True):
                with self.subTest((matrix, full)):
                    stated = b" XCOLORRANGE=FULL" if full else b""
                    header = b"YUV4MPEG2 W24 H16 F25:1 Ip A1:1 C444" + stated + b"\n"
                    out = self.passes(header + y4m_444(rows, matrix, full), "--matrix", matrix)
                    wanted = b"YUV4MPEG2 W48 H32 F25:1 Ip A1:1 C444" + stated + b"\nFRAME\n"
                    self.assertTrue(out.startswith(wanted), out[:100])
                    got = rgb_of_444(out[len(wanted):], 48 * 32, matrix, full)
                    self.assertLess(sum(abs(a - b) for a, b in zip(got, expected)) / len(expected), 1)
                    self.assertLess(max(abs(a - b) for a, b in zip(got, expected)), 5)
                    if full:
                        again = self.passes(header.replace(stated, b"") + y4m_444(rows, matrix, True), "--matrix", matrix, "--levels", "full")
                        self.assertEqual(again, out)

    def test_subsampled_frames_of_any_size(self):
        for tag, chroma in (("420jpeg", (2, 2)), ("420mpeg2", (2, 2)), ("420paldv", (2, 2)), ("422", (2, 1)), ("mono", None), ("420p10", (2, 2))):
            for width, height in ((16, 12), (17, 13), (1, 1)):
                with self.subTest((tag, width)):
                    wide = tag.endswith("p10")

                    def size(w, h):
                        beside = 0 if chroma is None else 2 * -(-w // chroma[0]) * -(-h // chroma[1])
                        return (w * h + beside) * (2 if wide else 1)
                    frame = b"FRAME\n" + (b"\x00\x02" if wide else b"\x80") * (size(width, height) // (2 if wide else 1))
                    out = self.passes(f"YUV4MPEG2 W{width} H{height} F25:1 C{tag}\n".encode() + 2 * frame)
                    header, _, rest = out.partition(b"\n")
                    self.assertEqual(header, f"YUV4MPEG2 W{2 * width} H{2 * height} F25:1 C{tag}".encode())
                    self.assertEqual(len(rest), 2 * (6 + size(2 * width, 2 * height)))

    def test_a_luminance_network_leaves_chroma_alone(self):
        tiny_network(self.network, colours=1)
        header = b"YUV4MPEG2 W16 H12 C420jpeg\n"
        out = self.passes(header + b"FRAME\n" + bytes(range(16)) * 12 + 48 * b"\x50" + 48 * b"\xb0")
        planes = out.partition(b"FRAME\n")[2]
        self.assertEqual(planes[32 * 24:], 192 * b"\x50" + 192 * b"\xb0")
        self.assertGreater(len(set(planes[:32 * 24])), 10)

    def test_files(self):
        clip = self.folder / "clip.y4m"
        clip.write_bytes(b"YUV4MPEG2 W16 H12\n" + 2 * (b"FRAME Ip\n" + 288 * b"\x80"))
        done = self.json_of("run", self.network, clip, "-o", self.folder / "o.y4m", "--scale", "1")
        self.assertEqual((done["frames"], done["width"], done["height"], done["scale"]), (2, 16, 12, 1))
        self.assertEqual((self.folder / "o.y4m").stat().st_size, len(b"YUV4MPEG2 W16 H12 C420jpeg\n") + 2 * (6 + 288))
        self.refused(3, "run", self.network, clip, "-o", self.folder / "o.y4m", says=["o.y4m", "exists"])
        self.refused(2, "run", self.network, clip, "-o", clip, "--overwrite", says=["clip.y4m"])
        self.refused(2, "run", self.network, clip, "-o", self.folder / "o.png", says=["o.png", ".y4m"])
        clip.write_bytes(clip.read_bytes()[:-1])
        before = self.entries()
        self.refused(3, "run", self.network, clip, "-o", self.folder / "new.y4m", says=["clip.y4m", "frame 2"])
        self.refused(3, "run", self.network, self.folder / "absent.y4m", "-o", self.folder / "new.y4m", says=["absent.y4m"])
        self.assertEqual(self.entries(), before)

    def test_headers_that_lie(self):
        frame = b"FRAME\n" + 288 * b"\x80"
        header = b"YUV4MPEG2 W32 H24 C420jpeg\n"
        self.fails(BAD_INPUT, b"", says=["standard input", "empty"])
        self.fails(BAD_INPUT, b"\x89PNG\r\n\x1a\n" * 100, says=["Y4M", "yuv4mpegpipe"])
        self.fails(BAD_INPUT, b"YUV4MPEG2 W16 H12", says=["header"])
        self.fails(BAD_INPUT, b"YUV4MPEG2 W16 H12" + 9000 * b" A", says=["header"])
        self.fails(BAD_INPUT, b"YUV4MPEG2 W16 H99999\n", says=["height", "99999"])
        self.fails(UNSUPPORTED, b"YUV4MPEG2 W65536 H65536 C444p16\n", says=["65536", "memory"])
        self.fails(UNSUPPORTED, b"YUV4MPEG2 W16 H12 It\n", says=["interlaced"])
        self.fails(UNSUPPORTED, b"YUV4MPEG2 W16 H12 C411\n", says=["411", "yuv420p"])
        good = b"YUV4MPEG2 W16 H12 C420jpeg\n"
        for tail, words in ((b"FRAME\n" + 287 * b"\x80", ["frame 3", "287 of its 288"]), (b"FRA", ["frame 3"]), (b"WRONG\n", ["frame 3"]),
                            (b"FRAME I", ["frame 3"])):
            with self.subTest(tail[:7]):
                self.fails(BAD_INPUT, good + 2 * frame + tail, frames=2, frame_bytes=6 + 4 * 288, header=header, says=words)

    def test_words_that_there_are_not(self):
        data = b"YUV4MPEG2 W16 H12\n"
        for words in (["--matrix", "bt2100"], ["--levels", "half"], ["--siting", "right"]):
            self.fails(USAGE, data, *words, says=[words[1]])
        self.refused(2, "--json", "run", self.network, "-", "-o", "-", stdin=subprocess.DEVNULL, says=["--json"])
        picture = self.folder / "p.png"
        picture.write_bytes(png(8, 8))
        self.refused(2, "run", self.network, picture, "-o", "-", says=["standard output"])
        self.refused(2, "run", self.network, picture, "-", "-o", self.folder / "new", says=["standard input"])
        self.refused(2, "run", self.network, picture, "-o", self.folder / "new.png", "--matrix", "bt709", says=["--matrix"])


class Pipes(Streams):
    """The other end goes, or waits."""

    def start(self, *words):
        command = [str(word) for word in (PROGRAM, "run", self.network, "-", "-o", "-", *words)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        for pipe in (process.stdin, process.stdout, process.stderr):
            self.addCleanup(pipe.close)
        return process

    def test_frames_come_out_while_more_are_awaited(self):
        process = self.start()
        frame = b"FRAME\n" + 288 * b"\x80"
        process.stdin.write(b"YUV4MPEG2 W16 H12\n" + frame)
        expected = len(b"YUV4MPEG2 W32 H24 C420jpeg\n") + 6 + 4 * 288
        while expected > 0:
            expected -= len(process.stdout.read(expected))
        process.stdin.write(frame)
        process.stdin.close()
        self.assertEqual(len(process.stdout.read()), 6 + 4 * 288)
        self.assertEqual(process.wait(60), 0)

    def test_an_interrupt_while_waiting(self):
        process = self.start()
        process.stdin.write(b"YUV4MPEG2 W16 H12\nFRAME\n" + 288 * b"\x80")
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED, said)
        self.assertEqual(said.count(b"\n"), 1, said)
        self.assertIn(len(out), (0, 6 + 4 * 288))

    def test_a_reader_that_has_gone(self):
        process = self.start()
        process.stdout.close()
        try:
            process.stdin.write(b"YUV4MPEG2 W160 H120\n" + 50 * (b"FRAME\n" + 28800 * b"\x80"))
            process.stdin.close()
        except BrokenPipeError:
            pass
        said = process.stderr.read().decode()
        self.assertEqual(process.wait(60), BAD_INPUT, said)
        self.assertRegex(said, r"^mantissa: standard output was closed[^\n]*\n$")

    def test_a_reader_that_waits_is_no_reason_to_hang(self):
        process = self.start()
        limit = time.monotonic() + 60
        os.set_blocking(process.stdin.fileno(), False)
        data = b"YUV4MPEG2 W160 H120\n" + 200 * (b"FRAME\n" + 28800 * b"\x80")
        while data and time.monotonic() < limit:  # until all its buffers are full
            try:
                data = data[os.write(process.stdin.fileno(), data):]
                full_since = time.monotonic()
            except BlockingIOError:
                if time.monotonic() - full_since > 3:
                    break
                time.sleep(0.01)
        self.assertGreater(len(data), 0, "frames are not kept without bound")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), INTERRUPTED)


@unittest.skipUnless(shutil.which("ffmpeg"), "ffmpeg is absent")
class Ffmpeg(Streams):
    """Another program's reading and writing of the same formats."""

    CONVERT = "flags=bicubic+accurate_rnd+full_chroma_int"

    def ffmpeg(self, *words):
        done = subprocess.run(["ffmpeg", "-loglevel", "error", "-y", *map(str, words)], capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode())

    def test_the_documented_line(self):
        self.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=1", "-pix_fmt", "yuv420p", "-c:v", "mpeg4", self.folder / "in.mp4")
        line = (f"ffmpeg -loglevel error -i in.mp4 -f yuv4mpegpipe - | '{PROGRAM}' -q run network.pth - -o - | "
                "ffmpeg -loglevel error -i - -c:v mpeg4 out.mkv")
        done = subprocess.run(["bash", "-c", "set -o pipefail; " + line], cwd=self.folder, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.ffmpeg("-i", self.folder / "out.mkv", self.folder / "%02d.png")
        frames = sorted(self.folder.glob("??.png"))
        self.assertEqual(len(frames), 10)
        self.assertEqual(read_png(frames[0])[:2], (128, 96))

    def test_colours_are_those_of_ffmpeg(self):
        self.network = ROOT / "examples/sample/sample_x2.pth"  # trained: what it makes is smooth, and of grey it makes grey
        rows = colours(48, 32, 3)
        (self.folder / "in.png").write_bytes(png(48, 32, sample=lambda x, y, c: rows[y][x][c]))
        # The last: where ffmpeg is to put chroma along a row, as it does not look at what the stream says.
        for pixels, matrix, levels, place in (("yuv420p", "bt601", "limited", 128), ("yuv420p10le", "bt709", "full", 0),
                                              ("yuv422p", "bt709", "limited", 0), ("yuv444p16le", "bt601", "limited", 0),
                                              ("gray", "bt601", "full", 0)):
            with self.subTest(pixels):
                clip, out = self.folder / "v.y4m", self.folder / "w.y4m"
                convert = f"color_matrix={matrix}:out_range={levels}:out_h_chr_pos={place}:{self.CONVERT}"
                self.ffmpeg("-i", self.folder / "in.png", "-vf", f"scale=out_{convert},format={pixels}", "-strict", "-1", clip)
                self.succeeds("run", self.network, clip, "-o", out, "--matrix", matrix, "--levels", levels, "--overwrite")
                back = f"scale=in_color_matrix={matrix}:in_range={levels}:in_h_chr_pos={place}:{self.CONVERT},format=rgb24"
                self.ffmpeg("-i", out, "-vf", back, self.folder / "w.png")
                self.ffmpeg("-i", clip, "-vf", back, self.folder / "v.png")
                self.succeeds("run", self.network, self.folder / "v.png", "-o", self.folder / "p.png", "--overwrite")
                # What subsampling takes from the result is not the question: both go through it.
                self.ffmpeg("-i", self.folder / "p.png", "-vf", f"scale=out_{convert},format={pixels}", "-strict", "-1", clip)
                self.ffmpeg("-i", clip, "-vf", back, self.folder / "v.png")
                got, expected = (sum(read_png(self.folder / name)[4], []) for name in ("w.png", "v.png"))
                self.assertLess(255 * abs(sum(got) - sum(expected)) / len(got), 0.2)
                self.assertLess(255 * math.sqrt(sum((a - b) ** 2 for a, b in zip(got, expected)) / len(got)), 1)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
