#!/usr/bin/env bash
# The longer R1-Zero on one consumer GPU. Commands only; what each stage is stands in recipes/speedrun_gpu.py. Stopped at
# any point, the same command goes on.
#
#   runs/speedrun_gpu.sh [DIR]      DIR is runs/speedrun-gpu where none is named
set -euo pipefail

out=${1:-runs/speedrun-gpu}
fathom=${FATHOM:-fathom}

stage() { # NAME RECIPE [--set …]: run a stage into its directory
  echo "== $1"
  "$fathom" train "$2" --out "$out/$1" "${@:3}"
}

stage base speedrun-gpu
stage zero speedrun-gpu:zero --set "start=$out/base/final"
for name in base zero; do
  stage "test-$name" speedrun-gpu:measure --set "start=$out/$name/final"
done
stage beyond speedrun-gpu:beyond --set "base=$out/base/final" --set "start=$out/zero/final"
"$fathom" report "$out" --out "$out/report.html"
