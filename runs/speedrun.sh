#!/usr/bin/env bash
# R1-Zero on a laptop: raw traces → base model → reinforcement learning alone → held-out problems. Commands only; what
# each stage is stands in recipes/speedrun.py. Stopped at any point, the same command goes on.
#
#   runs/speedrun.sh [DIR]           base, zero, measurements
#   CONTROLS=1 runs/speedrun.sh      the controls at the wall-clock time of zero as well
set -euo pipefail

out=${1:-runs/speedrun}
fathom=${FATHOM:-fathom}

stage() { # NAME RECIPE [--set …]: run a stage into its directory
  local name=$1 recipe=$2
  shift 2
  echo "== $name"
  "$fathom" train "$recipe" --out "$out/$name" "$@"
}

stage base speedrun
stage zero speedrun:zero --set "start=$out/base/final"
measured=(base zero)

if [[ -n ${CONTROLS:-} ]]; then
  seconds=$(tail -n 1 "$out/zero/metrics.jsonl" | sed -E 's/.*"seconds": ([0-9.]+).*/\1/')
  minutes=$(awk "BEGIN { print $seconds / 60 }")
  stage continued speedrun:continued --set "start=$out/base/final" --set "max_minutes=$minutes"
  stage rejection speedrun:rejection --set "start=$out/base/final" --set "data.options.start=$out/base/final" \
    --set "max_minutes=$minutes"
  measured+=(continued rejection)
fi

for name in "${measured[@]}"; do
  stage "test-$name" speedrun:measure --set "start=$out/$name/final"
done

echo "talk to it: $fathom chat --model $out/zero/final        then type: 24 from 3 5 9"
