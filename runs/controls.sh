#!/usr/bin/env bash
# Does reinforcement learning beat the obvious? Four seeds over two bases, and for each the controls at the wall-clock
# time that reinforcement learning took: the base reading on, rejection sampling once, rejection sampling three times.
# Every stage has one thread, and two run at a time, so that all meet the same machine. Stopped, it goes on.
#
#   runs/controls.sh [DIR]      DIR is runs/controls where none is named
set -euo pipefail

out=${OUT:-${1:-runs/controls}}
fathom=${FATHOM:-fathom}
seeds="0 1 2 3"
export OUT=$out

base_of() { # SEED: even seeds share the first's base, odd ones the second's
  echo "$out/seed-$(($1 % 2))/base/final"
}

stage() { # SEED NAME RECIPE [--set …]
  local seed=$1 place=$out/seed-$1/$2
  echo "== $place"
  mkdir -p "$out/seed-$seed"
  "$fathom" train "$3" --out "$place" --set "seed=$seed" --set threads=1 "${@:4}" > "$place.log" 2>&1 ||
    { tail -n 5 "$place.log" >&2; exit 255; }  # 255 stops xargs
}

rounds() { # SEED MINUTES: rejection sampling, three times a third of the time
  local start round
  start=$(base_of "$1")
  for round in 1 2; do
    stage "$1" "round-$round" speedrun:iterated --set "start=$start" --set "data.options.start=$start" \
      --set "data.options.seed=$((10 * $1 + round))" --set "minutes=$2"
    start=$out/seed-$1/round-$round/final
  done
  stage "$1" iterated speedrun:iterated --set "start=$start" --set "data.options.start=$start" \
    --set "data.options.seed=$((10 * $1 + 3))" --set "minutes=$2"
}

minutes() { # SEED PARTS: what reinforcement learning took, in parts
  tail -n 1 "$out/seed-$1/zero/metrics.jsonl" | sed -E 's/.*"seconds": ([0-9.]+).*/\1/' |
    awk -v parts="$2" '{ print $1 / 60 / parts }'
}

job() { # KIND SEED
  local seed=$2
  case $1 in
    base) stage "$seed" base speedrun --set "data.options.seed=$((100 + seed))" ;;
    zero) stage "$seed" zero speedrun:zero --set "start=$(base_of "$seed")" ;;
    continued)
      stage "$seed" continued speedrun:continued --set "start=$(base_of "$seed")" \
        --set "data.options.seed=$((200 + seed))" --set "minutes=$(minutes "$seed" 1)" ;;
    rejection)
      stage "$seed" rejection speedrun:rejection --set "start=$(base_of "$seed")" \
        --set "data.options.start=$(base_of "$seed")" --set "data.options.seed=$seed" \
        --set "minutes=$(minutes "$seed" 1)" ;;
    iterated) rounds "$seed" "$(minutes "$seed" 3)" ;;
    test-base) stage "$seed" test-base speedrun:measure --set "start=$(base_of "$seed")" ;;
    test-zero) stage "$seed" test-zero speedrun:measure --set "start=$out/seed-$seed/zero/final" ;;
    test-*) # what they solve in one attempt is compared, not in 64
      stage "$seed" "$1" speedrun:measure --set "start=$out/seed-$seed/${1#test-}/final" --set \
        'settings=[{"temperature":1.0,"samples":16},{"temperature":0.6,"samples":8},{"temperature":0.0,"samples":1}]' ;;
  esac
}

if [[ ${1:-} == --job ]]; then
  job "$2" "$3"
  exit
fi

all() { # SEEDS KIND…: two at a time
  local seeds=$1 kind seed
  shift
  for kind in "$@"; do for seed in $seeds; do echo "--job $kind $seed"; done; done | xargs -P 2 -L 1 "$0"
}

all "0 1" base
all "$seeds" zero
all "$seeds" continued rejection iterated
all "0 1" test-base
all "$seeds" test-zero test-continued test-rejection test-iterated
"$fathom" report "$out" --out "$out/report.html"
echo "the report: $out/report.html"
