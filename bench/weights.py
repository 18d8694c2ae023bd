#!/usr/bin/env python3
"""Prints the table of docs/performance.md on weight-only variants: how fast `mantissa weights` is against the disk, and its peak memory.

    bench/weights.py [--program FILE] [--folder FOLDER] [--gib 1] [--repeat 3]

Makes a network of MatMul of 4096x4096 with so many GiB of fp32 in an external data file (it needs twice as much room on the disk), measures what the
disk reads and writes, and runs each form on it, the file's pages out of the cache. Needs numpy and onnx.
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
import large  # noqa: E402
import watch  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
SIDE = 4096
MOST_SECONDS, MOST_MEGABYTES = 3600, 8000
FORMS = (("int8", "dequantize", None), ("int4", "dequantize", 32), ("int4", "dequantize", 128), ("int8", "matmulnbits", 128), ("int4", "matmulnbits", 128))


def processor_time():
    """Seconds, of all programs that were run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command, log):
    """Seconds until everything is on the disk, seconds of processor time, and the most anonymous memory in MB."""
    start, used = time.monotonic(), processor_time()
    watched = watch.run(command, log, MOST_SECONDS, MOST_MEGABYTES)
    if watched.code or watched.stopped:
        sys.exit(f"{watched.errors}{watched.stopped}")
    used = processor_time() - used
    for path in (command[-1], command[-1] + ".data"):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
    return time.monotonic() - start, used, watched.anonymous


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=ROOT / "build/release/bin/mantissa", type=Path)
    parser.add_argument("--folder", type=Path, help="where to make the network; default: the system's folder for such things")
    parser.add_argument("--gib", default=1, type=int)
    parser.add_argument("--repeat", default=3, type=int)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mantissa-weights-", dir=arguments.folder))
    try:
        network = folder / "network.onnx"
        data = large.make_network(network, arguments.gib * (1 << 30) // (4 * SIDE * SIDE), SIDE)
        gigabytes = data.stat().st_size / 1e9
        print("| form | block | seconds | of a processor | GB of fp32 a second | disk: read, write | of what the disk can do | anonymous memory |\n|---|---|---|---|---|---|---|---|")
        for number_format, operator, block in FORMS:
            rows = []
            for _ in range(arguments.repeat):
                read, write = large.read_rate(data), large.write_rate(folder)
                bound = min(read, write * (4 if number_format == "int8" else 8))
                large.forget(data)
                words = ["--format", number_format, "--operator", operator, *(["--block", str(block)] if block else []), "-o", str(folder / "out.onnx")]
                seconds, used, peak = run([str(arguments.program), "-q", "weights", str(network), *words], folder / "log")
                rows.append((gigabytes / seconds / bound, seconds, used, read, write, peak))
            ratio, seconds, used, read, write, peak = sorted(rows)[len(rows) // 2]
            print(f"| {number_format} {operator} | {block or 'channel'} | {seconds:.2f} | {used:.2f} | {gigabytes / seconds:.2f} | {read:.2f}, {write:.2f} GB/s | {ratio:.2f} | {max(row[5] for row in rows):.0f} MB |", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
