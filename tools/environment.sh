# Paths and helpers that the other scripts share; to be sourced, not run.
#   DERMATOME_CACHE  where downloads, LibTorch and the Python environment live
#                    (default: ~/.cache/dermatome)

repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export DERMATOME_CACHE="${DERMATOME_CACHE:-${HOME:?}/.cache/dermatome}"
libtorch="$DERMATOME_CACHE/libtorch-2.11.0"
venv="$DERMATOME_CACHE/venv"

say() { printf '== %s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Open MPI refuses root and more ranks than cores unless told otherwise. Binding would pin the ranks
# of two programs to the same cores, and a rank per thread is what one machine can give.
mpirun_options=(--oversubscribe --bind-to none)
if [[ $(id -u) -eq 0 ]]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
