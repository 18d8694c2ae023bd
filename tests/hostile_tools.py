"""What the tests of damaged and malicious files share: how a file is damaged, and what must become of each.

MANTISSA_SHOW=1 prints each message.
"""

import collections
import os
import random
import resource
import struct
import subprocess
import tempfile

from cli_tools import PROGRAM, Case

SECONDS, MEGABYTES = 4.0, 300  # of processor time; the slowest takes half a second here; a busy or slower machine may take more
OUTCOMES = (0, 3, 5)


def damaged(whole, numbers, count):
    """`count` copies of a file: bits flipped, cut off, lengths that lie, parts repeated, lost or mixed up."""
    for i in range(count):
        at = numbers.randrange(len(whole))
        kind = i % 8
        if kind == 0:
            yield "bit", whole[:at] + bytes([whole[at] ^ 1 << numbers.randrange(8)]) + whole[at + 1:]
        elif kind == 1:
            yield "cut", whole[:at]
        elif kind == 2:
            size = numbers.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 20))
            yield "32-bit number", whole[:at] + struct.pack("<I", size) + whole[at + 4:]
        elif kind == 3:
            size = numbers.choice((0, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1 << 32))
            yield "64-bit number", whole[:at] + struct.pack("<Q", size) + whole[at + 8:]
        elif kind == 4:
            end = min(len(whole), at + numbers.randrange(1, 400))
            yield "repeated", whole[:end] + whole[at:]
        elif kind == 5:
            end = min(len(whole), at + numbers.randrange(1, 400))
            yield "lost", whole[:at] + whole[end:]
        elif kind == 6:
            yield "noise", whole[:at] + numbers.randbytes(min(16, len(whole) - at)) + whole[at + 16:]
        else:
            other = numbers.randrange(len(whole) - 16)
            yield "moved", whole[:at] + whole[other:other + 16] + whole[at + 16:]


class HostileCase(Case):
    """Each file ends in one readable line and exit code 3 or 5, or it is still a network; little is used, and nothing left behind."""

    PRINTS = ""    # by inspect, of each file that is still a network
    NAME = "x.pth"
    FLAGS = ()
    slowest, largest = 0, 0

    def judge(self, kind, name, content, expected=OUTCOMES):
        (self.folder / self.NAME).write_bytes(content)
        before = self.entries()
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors, \
                subprocess.Popen([str(PROGRAM), "inspect", self.NAME, *self.FLAGS], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=errors, encoding="utf-8", errors="replace",
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (20, 20))) as program:
            printed = program.stdout.read()
            _, status, used = os.wait4(program.pid, 0)
            program.returncode = os.waitstatus_to_exitcode(status)
            errors.seek(0)
            complaint = errors.read()
        said = f"{name}: {program.returncode} {complaint!r}"
        self.assertIn(program.returncode, expected, said)
        if program.returncode:
            self.assertEqual(complaint.count("\n"), 1, said)
            self.assertTrue(complaint.strip().isprintable(), said)
            self.assertLess(len(complaint), 600, said)
            self.assertEqual(printed, "", said)
        else:
            self.assertIn(self.PRINTS, printed, said)
            self.assertTrue(all(line.isprintable() for line in printed.split("\n")), f"{name}: {printed!r}"[:2000])
        self.assertEqual(self.entries(), before, said)
        if not os.environ.get("MANTISSA_SANITIZED"):
            self.slowest, self.largest = max(self.slowest, used.ru_utime + used.ru_stime), max(self.largest, used.ru_maxrss / 1024)
            self.assertLess(used.ru_utime + used.ru_stime, SECONDS, said)
            self.assertLess(used.ru_maxrss / 1024, MEGABYTES, said)
        if os.environ.get("MANTISSA_SHOW"):
            print(f"{kind}, {name}: {program.returncode} {complaint.strip()[:200]}, {used.ru_utime + used.ru_stime:.2f} s, {used.ru_maxrss // 1024} MB")
        self.outcomes[program.returncode] += 1

    def judge_all(self, kind, whole, special, count=300, least=0.5):
        """`special`: pairs of name and content; `least`: of the `count` damaged files, how large a part must be noticed."""
        self.outcomes, self.slowest, self.largest = collections.Counter(), 0, 0
        self.judge(kind, "whole", whole)
        self.assertEqual(self.outcomes, {0: 1})
        for name, content in special:
            self.judge(kind, name, content)
        for name, content in damaged(whole, random.Random(1), count):
            self.judge(kind, name, content)
        if os.environ.get("MANTISSA_SHOW"):
            print(f"{kind}: {dict(self.outcomes)}, at most {self.slowest:.2f} s and {self.largest:.0f} MB")
        self.assertGreater(self.outcomes[3], count * least, "much of what is damaged should be noticed")
