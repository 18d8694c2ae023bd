#!/usr/bin/env python3
"""Runs the fuzzers, each for some minutes: fuzz/run.py [MINUTES] [checkpoint|safetensors|onnx|tensorflow ...]

They start from small networks that are made here, and keep what they learn in build/fuzz/corpus/. What makes one fail is left as
build/fuzz/<reader>-crash-...; give that file to build/fuzz/bin/fuzz_<reader> to see it again.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from cli_cut_custom_test import wrapped  # noqa: E402
from cli_hostile_onnx_test import shaped  # noqa: E402
from cli_hostile_test import legacy, safetensors  # noqa: E402
from cli_tools import tiny_denoiser, tiny_network, tiny_state  # noqa: E402
from onnx_files import Small  # noqa: E402

READERS = ("checkpoint", "safetensors", "onnx", "tensorflow")
LONGEST = 16384  # bytes of an input: structure is found in small files


def field(number, content):
    """A field of a protobuf message: bytes of fewer than 128, or a number below that."""
    return bytes([number << 3, content]) if isinstance(content, int) else bytes([number << 3 | 2, len(content)]) + content


def frozen_graph():
    """A GraphDef: a picture of one channel, a convolution of 1x1, ReLU."""

    def node(op, name, *inputs, **attributes):
        message = field(1, name) + field(2, op) + b"".join(field(3, each) for each in inputs)
        for key, value in attributes.items():
            message += field(5, field(1, key.encode()) + field(2, value))
        return field(1, message)

    ones = field(2, field(2, field(1, 1)) * 4)
    weight = field(8, field(1, 1) + ones + field(4, b"\0\0\x80?"))
    strides = field(1, field(3, b"\1\1\1\1"))
    return (node(b"Placeholder", b"x", dtype=field(6, 1)) + node(b"Const", b"w", value=weight)
            + node(b"Conv2D", b"c", b"x", b"w", padding=field(2, b"SAME"), strides=strides) + node(b"Relu", b"y", b"c"))


def seeds(reader, folder):
    folder.mkdir(parents=True, exist_ok=True)
    state = tiny_state(features=2)
    if reader == "checkpoint":
        tiny_network(folder / "zip", features=2)
        (folder / "legacy").write_bytes(legacy(state))
    elif reader == "safetensors":
        (folder / "safetensors").write_bytes(safetensors(state))
    elif reader == "tensorflow":
        (folder / "graph").write_bytes(frozen_graph())
    else:
        for form in ("number", "map"):
            tiny_denoiser(folder / form, form)
        for name, content in (("small", Small(channels=1, features=1).bytes()), ("sizes", shaped()), ("application", wrapped())):
            (folder / name).write_bytes(content)


def main():
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    build, failed = ROOT / "build/fuzz", []
    for reader in sys.argv[2:] or READERS:
        corpus = build / "corpus" / reader
        seeds(reader, corpus)
        command = [build / "bin" / f"fuzz_{reader}", f"-max_total_time={int(60 * minutes)}", f"-max_len={LONGEST}", "-timeout=10", "-rss_limit_mb=1024",
                   "-print_final_stats=1", f"-artifact_prefix={build}/{reader}-", corpus]
        environment = dict(os.environ, ASAN_OPTIONS="allocator_may_return_null=1:detect_odr_violation=0")
        if subprocess.run([str(word) for word in command], env=environment, check=False).returncode:
            failed.append(reader)
    print("failed: " + ", ".join(failed) if failed else "nothing found")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
