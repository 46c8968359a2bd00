#!/bin/bash
# Measures Dermatome beside open_clip's model with a plain implementation of the published step:
#   tools/bench.sh step|objective|scaling|collectives|loader|order|encode [--json FILE] [OPTION…]
# `tools/bench.sh step --help` lists the options. The script installs what is missing and builds first, unless
# --worker names an existing dermatome_bench. Start it under `nice` on a shared machine.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
(($# > 0)) || set -- --help
[[ $1 != -* ]] || answer_help "$@"

if [[ " $* " != *" --worker"* && " $* " != *" --help "* ]]; then
  packages=(--tests)
  [[ " $* " != *" --against"* && " $* " != *" --full"* ]] || packages+=(--bench)
  "$repository/tools/setup.sh" "${packages[@]}"
  "$repository/tools/build.sh" --tests release dermatome_bench dermatome
  set -- "$@" --worker "$repository/build/release/tools/bench/dermatome_bench"
fi
export DERMATOME_BENCH_PACKAGES="$bench_packages"
# Both sides use one thread in every library.
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
exec "$venv/bin/python" "$repository/tools/bench/bench.py" "$@" \
  --mpirun "mpirun ${mpirun_options[*]}"
