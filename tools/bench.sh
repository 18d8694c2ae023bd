#!/bin/bash
# Prints the ratios of docs/performance.md, each taken in one run. Called by `make bench` after building.
#
#   tools/bench.sh [BUILD_FOLDER]       build/release by default
#
# Measures srvgg of the shared material (SRVGGNetCompact x4, 64 features), and the bundled sample network where that is absent.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build/release}
shared=${MANTISSA_SHARED:-../shared}
checkpoint=$shared/models/srvgg_animevideov3/realesr-animevideov3.pth
pictures=$shared/images/calibration/bsd_color_lr_x4
if [ ! -e "$checkpoint" ]; then
  echo "bench: $checkpoint is absent: measuring the bundled sample network"
  checkpoint=examples/sample/sample_x2.pth
  pictures=examples/pictures/calibrate
fi

grep -m 1 'model name' /proc/cpuinfo || true
echo "$(nproc) cores, $(date -u +%Y-%m-%d), load $(cut -d ' ' -f 1 /proc/loadavg) before the first measurement"

echo; echo "calibrate $checkpoint"
"$build/bin/calibrate" "$checkpoint" "$pictures"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo; echo "run_overhead $checkpoint"
"$build/bin/run_overhead" "$checkpoint"

# Nearly nothing is computed for a pixel, and all that a colour picture needs for a luminance network is done: ESPCN x2 with weights drawn at random.
python3 -B - "$work/espcn.pth" <<'PYTHON'
import random, sys

sys.path.insert(0, "tests")
from cli_tools import checkpoint

numbers, state = random.Random(1), {}
for name, outputs, inputs, side in (("conv_1", 64, 1, 5), ("conv_2", 32, 64, 3), ("conv_3", 4, 32, 3)):
    count = outputs * inputs * side * side
    spread = (outputs / count) ** 0.5
    state[f"{name}.weight"] = ((outputs, inputs, side, side), [numbers.uniform(-spread, spread) for _ in range(count)])
    state[f"{name}.bias"] = ((outputs,), [0.1] * outputs)
checkpoint(sys.argv[1], state)
PYTHON
echo; echo "run_overhead ESPCN x2, one channel"
"$build/bin/run_overhead" "$work/espcn.pth"

# The program on a picture file of 2000x1500, decoding and encoding included, and the most memory that it takes.
echo; echo "mantissa run, 2000x1500, fp32"
python3 - "$build/bin/mantissa" "$work" "$checkpoint" <<'PYTHON'
import itertools, pathlib, struct, subprocess, sys, time, zlib

program, work, checkpoint = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
width, height = 2000, 1500
rows = b"".join(b"\0" + bytes((x * 7 ^ y * 3) & 255 for x in range(3 * width)) for y in range(height))

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
(work / "in.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))
for network, provider in itertools.product((checkpoint, work / "espcn.pth"), ("onnxruntime-cpu", "openvino-cpu")):
    child = (f"import resource, subprocess, sys; code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL); "
             f"print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    start = time.monotonic()
    answer = subprocess.run([sys.executable, "-c", child, program, "-q", "run", network, work / "in.png", "-o", work / "out.tif",
                             "--provider", provider, "--overwrite"], stdout=subprocess.PIPE, encoding="utf-8")
    code, kilobytes = map(int, answer.stdout.split())
    print(f"{pathlib.Path(network).name:30} {provider:16} {time.monotonic() - start:7.3f} s   peak memory {kilobytes * 1024 / 1e6:.0f} MB" + (f"   (exit code {code})" if code else ""))
PYTHON
