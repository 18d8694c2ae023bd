#!/usr/bin/env python3
"""Runs the fuzzers, each for some minutes: fuzz/run.py [MINUTES] [checkpoint|safetensors|onnx ...]

They start from small networks that are made here, and keep what they learn in build/fuzz/corpus/. What makes one fail is left as
build/fuzz/<reader>-crash-...; give that file to build/fuzz/bin/fuzz_<reader> to see it again.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from cli_hostile_test import legacy, safetensors  # noqa: E402
from cli_tools import tiny_denoiser, tiny_network, tiny_state  # noqa: E402

READERS = ("checkpoint", "safetensors", "onnx")
LONGEST = 16384  # bytes of an input: structure is found in small files


def seeds(reader, folder):
    folder.mkdir(parents=True, exist_ok=True)
    state = tiny_state(features=2)
    if reader == "checkpoint":
        tiny_network(folder / "zip", features=2)
        (folder / "legacy").write_bytes(legacy(state))
    elif reader == "safetensors":
        (folder / "safetensors").write_bytes(safetensors(state))
    else:
        for form in ("number", "map"):
            tiny_denoiser(folder / form, form)


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
