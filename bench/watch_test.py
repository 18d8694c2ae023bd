#!/usr/bin/env python3
"""watch.py: what it tells of a program, and that it stops one at either limit, with its children."""

import os
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
import watch  # noqa: E402

PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


class Watch(unittest.TestCase):
    def run_python(self, program, *words, most_seconds=60, most_megabytes=1000):
        with tempfile.TemporaryDirectory() as folder:
            return watch.run([sys.executable, "-c", program, *words], f"{folder}/log", most_seconds, most_megabytes)

    def test_tells_what_a_program_printed_and_how_it_ended(self):
        watched = self.run_python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
        self.assertEqual((watched.code, watched.output, watched.errors, watched.stopped), (3, "out\n", "err\n", ""))

    def test_sees_the_memory_of_a_child(self):
        watched = self.run_python(PARENT, "import time; kept = b'1' * 200_000_000; time.sleep(0.5)")
        self.assertEqual((watched.code, watched.stopped), (0, ""))
        self.assertGreater(watched.anonymous, 200)

    def test_stops_a_child_that_takes_too_much_memory(self):
        with tempfile.TemporaryDirectory() as folder:
            tell = f"import os; open('{folder}/pid', 'w').write(str(os.getpid()))\n"
            watched = self.run_python(PARENT, tell + "kept = []\nwhile True: kept.append(b'1' * 10_000_000)", most_megabytes=300)
            with open(f"{folder}/pid", encoding="ascii") as file:
                child = int(file.read())
        self.assertTrue(watched.stopped.startswith("more than"))
        for _ in range(100):  # it may take a moment to go
            if not os.path.exists(f"/proc/{child}"):
                break
            time.sleep(0.1)
        self.assertFalse(os.path.exists(f"/proc/{child}"))

    def test_stops_what_takes_too_long(self):
        watched = self.run_python("import time; time.sleep(1000)", most_seconds=1)
        self.assertEqual(watched.stopped, "more than 1 s")


if __name__ == "__main__":
    unittest.main()
