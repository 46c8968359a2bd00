#!/bin/bash
# Measures Dermatome beside open_clip's model with the published step done plainly:
#   tools/bench.sh step|objective|scaling|collectives|loader|order|encode [--json FILE] [OPTION…]
# `tools/bench.sh step --help` lists the options. Installs what is missing and builds first, unless
# --worker names a dermatome_bench that is there. Start it under `nice` on a shared machine.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

if [[ " $* " != *" --worker"* ]]; then
  packages=(--tests)
  [[ " $* " != *" --against"* && " $* " != *" --full"* ]] || packages+=(--bench)
  "$repository/tools/setup.sh" "${packages[@]}"
  "$repository/tools/build.sh" --tests release dermatome_bench dermatome
  set -- "$@" --worker "$repository/build/release/tools/bench/dermatome_bench"
fi
export DERMATOME_BENCH_PACKAGES="$bench_packages"
# One thread on both sides, in every library.
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
exec "$venv/bin/python" "$repository/tools/bench/bench.py" "$@" \
  --mpirun "mpirun ${mpirun_options[*]}"
