#!/usr/bin/env python3
"""Prints the table of docs/performance.md on weight-only variants: how fast `mantissa weights` is against the disk, and its peak memory.

    bench/weights.py [--program FILE] [--folder FOLDER] [--gib 1] [--repeat 3]

Makes a network of MatMul of 4096x4096 with so many GiB of fp32 in an external data file (it needs twice as much room on the disk), measures what the
disk reads and writes, and runs each form on it, the file's pages out of the cache. Needs numpy and onnx.
"""

import argparse
import dataclasses
import os
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True
import large  # noqa: E402
import watch  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
SIDE = 4096
MOST_SECONDS, MOST_MEGABYTES, REPEAT = 3600, 8000, 3
FORMS = (("int8", "dequantize", None), ("int4", "dequantize", 32), ("int4", "dequantize", 128), ("int8", "matmulnbits", 128), ("int4", "matmulnbits", 128))


class RunError(Exception):
    """What the program said when it failed, or why it was stopped."""


def processor_time():
    """Seconds, of all programs that were run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command, log):
    """Seconds until everything is on the disk, seconds of processor time, and the most anonymous memory in MB."""
    start, used = time.monotonic(), processor_time()
    watched = watch.run(command, log, MOST_SECONDS, MOST_MEGABYTES)
    if watched.code or watched.stopped:
        raise RunError(f"{watched.errors}{watched.stopped}".strip())
    used = processor_time() - used
    for path in (command[-1], command[-1] + ".data"):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
    return time.monotonic() - start, used, watched.anonymous


@dataclass(frozen=True, order=True)
class Run:
    of_disk: float  # of what the disk can do: the smaller of reading, and writing times how much smaller the output is
    seconds: float
    processor: float  # seconds of it
    read: float  # GB/s, of the disk just before
    write: float
    megabytes: float  # anonymous memory


def measure(program, network, form, folder, repeat):
    """The median run of one form by the share of what the disk can do, and the most memory of all runs; what is written is folder/out.onnx."""
    number_format, operator, block = form
    data = Path(f"{network}.data")
    words = ["--format", number_format, "--operator", operator, *(["--block", str(block)] if block else []), "-o", str(folder / "out.onnx")]
    runs = []
    for _ in range(repeat):
        read, write = large.read_rate(data), large.write_rate(folder)
        bound = min(read, write * (4 if number_format == "int8" else 8))
        large.forget(data)
        seconds, processor, megabytes = run([str(program), "-q", "weights", str(network), *words], folder / "log")
        runs.append(Run(data.stat().st_size / 1e9 / seconds / bound, seconds, processor, read, write, megabytes))
    median = sorted(runs)[len(runs) // 2]
    return dataclasses.replace(median, megabytes=max(each.megabytes for each in runs))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=ROOT / "build/release/bin/mantissa", type=Path)
    parser.add_argument("--folder", type=Path, help="where to make the network; default: the system's folder for such things")
    parser.add_argument("--gib", default=1, type=int)
    parser.add_argument("--repeat", default=REPEAT, type=int)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mantissa-weights-", dir=arguments.folder))
    try:
        network = folder / "network.onnx"
        gigabytes = large.make_network(network, arguments.gib * (1 << 30) // (4 * SIDE * SIDE), SIDE).stat().st_size / 1e9
        print("| form | block | seconds | of a processor | GB of fp32 a second | disk: read, write | of what the disk can do | anonymous memory |\n|---|---|---|---|---|---|---|---|")
        for form in FORMS:
            each = measure(arguments.program, network, form, folder, arguments.repeat)
            print(f"| {form[0]} {form[1]} | {form[2] or 'channel'} | {each.seconds:.2f} | {each.processor:.2f} | {gigabytes / each.seconds:.2f} "
                  f"| {each.read:.2f}, {each.write:.2f} GB/s | {each.of_disk:.2f} | {each.megabytes:.0f} MB |", flush=True)
    except RunError as error:
        sys.exit(str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
