#!/bin/bash
# Starts PROGRAM on RANKS ranks of this machine, for any number of cores, and fails unless all of
# them are ranks of one job:
#   mpirun.sh RANKS PROGRAM [ARGUMENT…]
# The exit code is that of the first failing rank.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/environment.sh"

ranks="$1"
shift
# Each rank has one thread, because ranks that share cores and spin in thread pools slow each other down.
# Open MPI itself leaks at exit, so the address sanitizer's leak check is off here; its other checks are on.
export OMP_NUM_THREADS=1 ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"
# The mpirun of another MPI would start jobs of one rank, in which most tests pass but check nothing.
check='if [[ "${OMPI_COMM_WORLD_SIZE:-none}" != "$1" ]]; then
  echo "mpirun.sh: wanted $1 ranks of Open MPI, started ${OMPI_COMM_WORLD_SIZE:-none}" >&2
  exit 1
fi
exec "${@:2}"'
exec mpirun "${mpirun_options[@]}" -n "$ranks" bash -c "$check" rank "$ranks" "$@"
