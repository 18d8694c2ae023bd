"""Runs a program and watches the memory of it and of its children."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PAUSE = 0.01  # seconds between two looks


@dataclass
class Watched:
    code: int
    output: str
    errors: str
    seconds: float
    anonymous: float  # the most memory in MB, mapped files apart, as seen every PAUSE, of any one process
    stopped: str  # why it was stopped, if it was


def children_of(process):
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()]
    except OSError:  # it has ended
        return []


def anonymous_megabytes(process):
    """Of a process and of what it started, the largest."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    own = next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("RssAnon:")), 0)
    return max([own, *(anonymous_megabytes(child) for child in children_of(process))])


def run(command, log, most_seconds, most_megabytes):
    """Runs a command to its end, or stops it and its children at either limit."""
    start = time.monotonic()
    most, stopped = 0, ""
    with open(f"{log}.out", "w+", encoding="utf-8", errors="replace") as out, open(f"{log}.err", "w+", encoding="utf-8", errors="replace") as err:
        with subprocess.Popen([str(word) for word in command], stdout=out, stderr=err, stdin=subprocess.DEVNULL, start_new_session=True) as process:
            try:
                while process.poll() is None and not stopped:
                    most = max(most, anonymous_megabytes(process.pid))
                    if most > most_megabytes:
                        stopped = f"more than {most_megabytes / 1000:.0f} GB"
                    elif time.monotonic() - start > most_seconds:
                        stopped = f"more than {most_seconds} s"
                    time.sleep(PAUSE)
            finally:  # at a limit, or when this program is interrupted
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        out.seek(0), err.seek(0)
        return Watched(process.returncode, out.read(), err.read(), time.monotonic() - start, most, stopped)
