#!/bin/bash
# Feeds the decoders and the readers of tables, shards and weights with mutated input, under sanitizers:
#   tests/fuzz/run.sh [SECONDS [INPUT…]]
#     SECONDS  time of each program, 600 by default
#     INPUT    image, csv, shard or weights (default: all; weights also builds the sources that need LibTorch)
# Starts from the tests' own images, tables, small shards and a small model. New useful inputs are kept in
# build/fuzz/corpus, inputs that break a program in build/fuzz. Needs clang, the release build and the
# scripts' Python.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/environment.sh"
answer_help "$@"

seconds="${1:-600}"
inputs=("${@:2}")
((${#inputs[@]} > 0)) || inputs=(image csv shard weights)
cd "$repository"
"$repository/tools/build.sh" --tests fuzz "${inputs[@]/#/fuzz_}"

corpus=build/fuzz/corpus
mkdir -p "$corpus"/{image,csv,shard,weights}
cp tests/image/data/*.{png,jpg,webp,tif,bmp,gif} tests/golden/image_* "$corpus/image"
cp tests/fuzz/csv/* tools/bench/captions.csv "$corpus/csv"
seed_shard() {  # NAME [OPTION…]
  [[ ! -e "$corpus/shard/$1.h5" ]] || return 0
  rm -rf build/fuzz/seed
  build/release/dermatome shard --csv tests/fuzz/csv/make.csv --images tests/golden --short-side 24 \
    --num-subcaptions 2 "${@:2}" --output build/fuzz/seed >/dev/null
  cp build/fuzz/seed/shard-00000.h5 "$corpus/shard/$1.h5"
}
seed_shard jpeg
seed_shard raw --raw
if [[ " ${inputs[*]} " == *" weights "* && ! -e "$corpus/weights/script.pt" ]]; then
  "$venv/bin/python" tests/fuzz/make_weights.py "$corpus/weights"
fi
export LSAN_OPTIONS="suppressions=$repository/tests/fuzz/leaks.txt:print_suppressions=0"
for input in "${inputs[@]}"; do
  say "fuzz_$input: $seconds s"
  # An image that claims 178 million pixels takes half a gigabyte before its data prove to be bad.
  "build/fuzz/tests/fuzz/fuzz_$input" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 \
    -max_len=65536 -print_final_stats=1 -verbosity=0 -artifact_prefix="build/fuzz/$input-" \
    "$corpus/$input"
done
