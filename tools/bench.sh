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

# The same from file to file, decoding and encoding included.
"$build/bin/large_picture" examples/pictures/evaluate/00_HR.png 3000 2000 "$work/in.png[compression=1]"
for kind in tif png jpg; do
  echo; echo "run_overhead ESPCN x2, from .png to .$kind"
  "$build/bin/run_overhead" "$work/espcn.pth" 0 "$work/in.png" "$work/out.$kind"
done
echo; echo "run_overhead $checkpoint, from .png to .tif"
"$build/bin/run_overhead" "$checkpoint" 0 "$work/in.png" "$work/out.tif"

# The most memory that the program takes for it.
echo; echo "mantissa run, 3000x2000, fp32"
for network in "$work/espcn.pth" "$checkpoint"; do
  for provider in onnxruntime-cpu openvino-cpu; do
    python3 bench/large_pictures.py --network "$network" --side 3000x2000 --kind png --build "$build" --folder "$work" -- --provider "$provider" | tail -n 1
  done
done
