#!/bin/bash
# Goes from nothing to a trained model with scores: installs what is missing, builds, prepares and
# shards the emoji data set, trains on two ranks and compares start, end, chance and color alone.
#   tools/quickstart.sh [--seeds N] [--ablations] [KEY=VALUE…]
#     --seeds N    trains N runs with seeds 1 to N, and prints their mean
#     --ablations  also trains one run without weights and local alignment, and one of plain CLIP
#     KEY=VALUE    overrides a key of configs/quickstart.yaml
# A run's files are in runs/quickstart-DATE-TIME-seedN; an interrupted call can be repeated.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
answer_help "$@"

num_seeds=1
ablations=false
overrides=()
while (($# > 0)); do
  case "$1" in
    --seeds)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "--seeds wants a number, at least 1"
      num_seeds="$2"
      shift
      ;;
    --ablations) ablations=true ;;
    name=* | output=* | seed=*)
      fail "this script sets '${1%%=*}' itself; for other seeds use --seeds, for a run of your own use
  $repository/build/release/dermatome train configs/quickstart.yaml $1" ;;
    *=*) overrides+=("$1") ;;
    *) fail "unknown option '$1' (known: --seeds N, --ablations, KEY=VALUE)" ;;
  esac
  shift
done

cd "$repository"
dermatome=build/release/dermatome
shards=data/emoji/shards/train
stamp=$(date +%Y%m%d-%H%M%S)

# train NAME [KEY=VALUE…]: trains the run NAME on two ranks with one thread each.
train() {
  local name="$1"
  shift
  say "training: runs/$name"
  "$dermatome" launch --ranks 2 train configs/quickstart.yaml "name=$name" "$@" "${overrides[@]}"
}

tools/setup.sh
tools/build.sh release
"$venv/bin/python" tools/prepare_emoji.py
# Shards of an older binary may have an older format.
if [[ ! $shards/manifest.yaml -nt $dermatome ]]; then
  say "sharding: $shards"
  rm -rf "$shards"
  "$dermatome" shard --csv data/emoji/train.csv --images data/emoji --output "$shards"
fi

runs=()
start=$SECONDS
for ((seed = 1; seed <= num_seeds; ++seed)); do
  train "quickstart-$stamp-seed$seed" "seed=$seed"
  runs+=("runs/quickstart-$stamp-seed$seed")
done
say "training: $((SECONDS - start)) s"
baseline=$("$venv/bin/python" tools/color_baseline.py)

if $ablations; then
  train "quickstart-$stamp-mkcl" seed=1 objective.local_alignment=false \
    objective.subcaption_weights=false
  train "quickstart-$stamp-clip" seed=1 objective.mkcl=false objective.local_alignment=false \
    objective.subcaption_weights=false
  say "ablations: first contrast of all captions alone, then plain CLIP on names"
  for name in mkcl clip; do
    "$venv/bin/python" tools/quickstart_report.py "$baseline" "runs/quickstart-$stamp-$name" |
      sed '/^quickstart:/d; /^(color/d'
  done
  say "the method in full"
fi
"$venv/bin/python" tools/quickstart_report.py "$baseline" "${runs[@]}"
