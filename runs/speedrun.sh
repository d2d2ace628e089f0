#!/usr/bin/env bash
# R1-Zero on a laptop: raw traces → base model → reinforcement learning alone → held-out problems → a report. Commands
# only; what each stage is stands in recipes/speedrun.py. Stopped at any point, the same command goes on.
#
#   runs/speedrun.sh [DIR]      DIR is runs/speedrun where none is named
set -euo pipefail

out=${1:-runs/speedrun}
fathom=${FATHOM:-fathom}

stage() { # NAME RECIPE [--set …]: run a stage into its directory
  echo "== $1"
  "$fathom" train "$2" --out "$out/$1" "${@:3}"
}

stage base speedrun
stage zero speedrun:zero --set "start=$out/base/final"
for name in base zero; do
  stage "test-$name" speedrun:measure --set "start=$out/$name/final"
done
echo "== report"
"$fathom" report "$out" --out "$out/report.html"

echo
echo "the report: $out/report.html"
echo "talk to it: $fathom chat --model $out/zero/final        and type: 24 from 3 5 9"
if [[ -t 0 && -t 1 ]]; then
  exec "$fathom" chat --terminal --model "$out/zero/final"
fi
