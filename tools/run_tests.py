#!/usr/bin/env python3
"""Runs ctest for a preset and closes with how many tests were skipped, and why.

    tools/run_tests.py PRESET [ctest options]
"""

import collections
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
from pathlib import Path


def reason(output):
    """Why a test program skipped a test: the text after GoogleTest's "Skipped" line."""
    match = re.search(r": Skipped\n([^\n\[].*?)(?:\n\s*\n|\n\[|$)", output, re.DOTALL)
    return " ".join(match[1].split()) if match else "no reason given"


def skipped_tests(report):
    """The reason of every test in a JUnit report that did not run."""
    for case in xml.parse(report).getroot().iter("testcase"):
        if case.get("status") in ("notrun", "disabled") or case.find("skipped") is not None:
            yield reason(case.findtext("system-out") or "")


def summary(reasons):
    """The reasons, the most frequent first, and the number of skipped tests in the last line."""
    counts = collections.Counter(reasons)
    lines = [f"  {count} skipped: {text}" for text, count in counts.most_common()]
    return "\n".join(lines + [f"{sum(counts.values())} tests skipped"])


def main():
    preset, options = sys.argv[1], sys.argv[2:]
    root = Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = ["ctest", "--preset", preset, "--parallel", str(os.cpu_count() or 1), "--output-junit", report, *options]
        status = subprocess.run(command, cwd=root, check=False).returncode
        if report.exists():
            print(summary(skipped_tests(report)), flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
