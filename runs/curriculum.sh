#!/usr/bin/env bash
# Beyond the base: base model → reinforcement learning through the levels → measurements → what the base could not do.
# Commands only; what each stage is stands in recipes/curriculum.py. Stopped at any point, the same command goes on.
#
#   runs/curriculum.sh [DIR]
set -euo pipefail

out=${1:-runs/curriculum}
fathom=${FATHOM:-fathom}

stage() { # NAME RECIPE [--set …]: run a stage into its directory
  local name=$1 recipe=$2
  shift 2
  echo "== $name"
  "$fathom" train "$recipe" --out "$out/$name" "$@"
}

stage base curriculum:base
stage zero curriculum:zero --set "start=$out/base/final"
for name in base zero; do
  stage "test-$name" curriculum:measure --set "start=$out/$name/final"
done
stage beyond curriculum:beyond --set "base=$out/base/final" --set "start=$out/zero/final"

echo "talk to it: $fathom chat --model $out/zero/final        then type: 25 from 3 5 9 14"
