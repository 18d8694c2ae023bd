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

# The fp32 file that a release would hold, and the facts about its tiles.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$build/bin/mantissa" -q release "$checkpoint" --calibrate "$pictures" --repair-budget 0 -o "$work/release" >/dev/null 2>&1 || [ $? -eq 4 ]
read -r scale radius colour < <(python3 -c '
import json, sys
task = json.load(open(sys.argv[1]))["network"]["task"]
print(task["scale"], task["receptive_field_radius"], task["colour"])' "$work/release/release.json")
echo; echo "run_overhead fp32/model.onnx $scale $radius $colour"
"$build/bin/run_overhead" "$work/release/fp32/model.onnx" "$scale" "$radius" "$colour"
