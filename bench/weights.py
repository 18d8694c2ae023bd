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
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper

ROOT = Path(__file__).resolve().parent.parent
SIDE = 4096
CHUNK = 1 << 24
FORMS = (("int8", "dequantize", None), ("int4", "dequantize", 32), ("int4", "dequantize", 128), ("int8", "matmulnbits", 128), ("int4", "matmulnbits", 128))


def make_network(folder, gib):
    """`gib` GiB of weights, each tensor with its own scale."""
    size = SIDE * SIDE * 4
    count = gib * (1 << 30) // size
    random = numpy.random.default_rng(1)
    weights = random.standard_normal((SIDE, SIDE), dtype=numpy.float32)
    nodes, constants = [], []
    with open(folder / "network.onnx.data", "wb") as data:
        for i in range(count):
            (numpy.roll(weights, i, axis=1) * numpy.float32(0.01 + 0.001 * i)).tofile(data)
            tensor = TensorProto(name=f"w{i}", data_type=TensorProto.FLOAT, dims=[SIDE, SIDE], data_location=TensorProto.EXTERNAL)
            for key, value in (("location", "network.onnx.data"), ("offset", str(i * size)), ("length", str(size))):
                tensor.external_data.add(key=key, value=value)
            constants.append(tensor)
            nodes.append(helper.make_node("MatMul", ["x" if i == 0 else f"y{i - 1}", f"w{i}"], [f"y{i}"]))
        os.fsync(data.fileno())
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", SIDE]) for name in ("x", f"y{count - 1}")]
    graph = helper.make_graph(nodes, "weights", ports[:1], ports[1:], initializer=constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), folder / "network.onnx")
    return folder / "network.onnx"


def forget(path):
    """Takes a file out of the system's cache."""
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_rate(path):
    """GB/s, from the disk."""
    forget(path)
    start = time.monotonic()
    with open(path, "rb", buffering=0) as file:
        buffer = bytearray(CHUNK)
        while file.readinto(buffer):
            pass
    return path.stat().st_size / (time.monotonic() - start) / 1e9


def write_rate(path, size=1 << 29):
    """GB/s, until it is on the disk."""
    chunk = os.urandom(CHUNK)
    start = time.monotonic()
    with open(path, "wb", buffering=0) as file:
        for _ in range(size // CHUNK):
            file.write(chunk)
        os.fsync(file.fileno())
    rate = size / (time.monotonic() - start) / 1e9
    path.unlink()
    return rate


def status(pid):
    """VmRSS, RssAnon, ... in MB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    return {line.split(":")[0]: int(line.split()[1]) / 1000 for line in lines if line.endswith(" kB")}


def processor_time():
    """Seconds, of all programs that were run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command):
    """Seconds until everything is on the disk, seconds of processor time, and the most anonymous memory in MB."""
    start, used = time.monotonic(), processor_time()
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, status(process.pid).get("RssAnon", 0))
            time.sleep(0.005)
    if process.returncode:
        sys.exit(process.returncode)
    used = processor_time() - used
    for path in (command[-1], command[-1] + ".data"):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
    return time.monotonic() - start, used, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=ROOT / "build/release/bin/mantissa", type=Path)
    parser.add_argument("--folder", type=Path, help="where to make the network; default: the system's folder for such things")
    parser.add_argument("--gib", default=1, type=int)
    parser.add_argument("--repeat", default=3, type=int)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mantissa-weights-", dir=arguments.folder))
    try:
        network = make_network(folder, arguments.gib)
        data = Path(f"{network}.data")
        gigabytes = data.stat().st_size / 1e9
        print("| form | block | seconds | of a processor | GB of fp32 a second | disk: read, write | of what the disk can do | anonymous memory |\n|---|---|---|---|---|---|---|---|")
        for number_format, operator, block in FORMS:
            rows = []
            for _ in range(arguments.repeat):
                read, write = read_rate(data), write_rate(folder / "probe")
                bound = min(read, write * (4 if number_format == "int8" else 8))
                forget(data)
                words = ["--format", number_format, "--operator", operator, *(["--block", str(block)] if block else []), "-o", str(folder / "out.onnx")]
                seconds, used, peak = run([str(arguments.program), "-q", "weights", str(network), *words])
                rows.append((gigabytes / seconds / bound, seconds, used, read, write, peak))
            ratio, seconds, used, read, write, peak = sorted(rows)[len(rows) // 2]
            print(f"| {number_format} {operator} | {block or 'channel'} | {seconds:.2f} | {used:.2f} | {gigabytes / seconds:.2f} | {read:.2f}, {write:.2f} GB/s | {ratio:.2f} | {max(row[5] for row in rows):.0f} MB |", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
