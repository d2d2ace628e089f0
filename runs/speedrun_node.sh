#!/usr/bin/env bash
# The longer R1-Zero on a node, a process a GPU. Commands only; what each stage is stands in recipes/speedrun_node.py.
# Stopped at any point, the same command goes on, with another number of GPUs if need be (64 rows divide among them).
#
#   runs/speedrun_node.sh [DIR]      DIR is runs/speedrun-node where none is named
#   GPUS=4 runs/speedrun_node.sh
set -euo pipefail

out=${1:-runs/speedrun-node}
fathom=${FATHOM:-fathom}
gpus=${GPUS:-8}

stage() { # NAME RECIPE [--set …]: run a stage into its directory, on all GPUs
  echo "== $1"
  "$fathom" train "$2" --out "$out/$1" --ranks "$gpus" "${@:3}"
}

stage base speedrun-node
stage zero speedrun-node:zero --set "start=$out/base/final"
for name in base zero; do
  stage "test-$name" speedrun-node:measure --set "start=$out/$name/final"
done
echo "== beyond" # in one process
"$fathom" train speedrun-node:beyond --out "$out/beyond" --set "base=$out/base/final" --set "start=$out/zero/final"
"$fathom" report "$out" --out "$out/report.html"
