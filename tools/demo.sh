#!/bin/bash
# Shows the main job on what the repository brings: releases examples/sample and restores examples/pictures/chart.png with it.
#
#   tools/demo.sh [BUILD_FOLDER]        build/release by default; called by `make demo` after building
#
# Results lie in build/demo. They are kept as long as the program, its engines, the network and the pictures have the same content.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build/release}
out=build/demo
network=examples/sample/sample_x2.pth
calibrate=examples/pictures/calibrate
evaluate=examples/pictures/evaluate
before=examples/pictures/chart.png
after=$out/chart_x2.png
cache=${MANTISSA_CACHE:-$HOME/.cache/mantissa}

say() { printf 'demo: %s\n' "$*"; }

for path in "$build/bin/mantissa" "$network" "$calibrate" "$evaluate" "$before"; do
  [ -e "$path" ] || { say "$path is missing: run make demo in a whole checkout."; exit 1; }
done

# What the results depend on, by content: the program, the records of the engines, this script, the network and the pictures.
content() {
  { find "$build/bin/mantissa" "$build"/lib/libmantissa.so "$build/lib/mantissa" "$calibrate" "$evaluate" -type f -print0
    find "$cache/prefix" -maxdepth 1 -name '*.json' -print0 2>/dev/null || true
    printf '%s\0' "$(readlink -f "$build/lib/libmantissa.so")" "$network" "$before" tools/demo.sh
  } | sort -zu | xargs -0 sha256sum | sha256sum
}

stamp=$(content)
if [ -f "$out/stamp" ] && [ "$(cat "$out/stamp")" = "$stamp" ] && [ -f "$out/release/release.json" ] && [ -f "$after" ]; then
  say "program, network and pictures are unchanged: keeping the release and the picture of the last run (rm -r $out to repeat it)"
else
  rm -rf "$out"
  mkdir -p "$out"
  say "mantissa release $network --calibrate $calibrate --evaluate $evaluate -o $out/release"
  left_out=0
  "$build/bin/mantissa" release "$network" --calibrate "$calibrate" --evaluate "$evaluate" -o "$out/release" || {
    code=$?
    [ $code -eq 4 ] || exit $code  # 4: a variant failed the gate and was left out; the rest is there
    left_out=1
  }
  echo
  say "mantissa run $out/release $before -o $after"
  "$build/bin/mantissa" run "$out/release" "$before" -o "$after"
  [ $left_out -eq 1 ] || echo "$stamp" > "$out/stamp"
  echo
fi

say "before    $before"
say "after     $after"
say "manifest  $out/release/release.json"
