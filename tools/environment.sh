# Paths and helpers that the other scripts share. They source this file; nobody runs it.
#   DERMATOME_CACHE  where downloads, LibTorch and the Python environment live
#                    (default: ~/.cache/dermatome)

repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export DERMATOME_CACHE="${DERMATOME_CACHE:-${HOME:?}/.cache/dermatome}"
libtorch="$DERMATOME_CACHE/libtorch-2.11.0"
venv="$DERMATOME_CACHE/venv"
bench_packages="$DERMATOME_CACHE/bench-packages"

say() { printf '== %s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# answer_help ARGUMENT…: if --help or -h is among the arguments, prints the comment at the head of the running
# script, and ends it.
answer_help() {
  local argument
  for argument in "$@"; do
    if [[ $argument == --help || $argument == -h ]]; then
      sed -n '2,${/^#/!q; s/^# \{0,1\}//p;}' "$0"
      exit 0
    fi
  done
}

# check_disk MIB WHAT FOLDER: fails if MIB MiB, which WHAT is about to store in FOLDER, do not fit there.
check_disk() {
  local free
  free=$(df --output=avail -B1M "$3" | tail -n 1 | tr -d ' ')
  say "$2 needs $1 MiB in $3, where $free MiB are free"
  ((free >= $1)) || fail "not enough disk. Free some, or put the cache (DERMATOME_CACHE) or the checkout elsewhere"
}

# Open MPI refuses root, and more ranks than cores, unless an option allows them. Binding would pin the ranks
# of two programs to the same cores.
mpirun_options=(--oversubscribe --bind-to none)
if [[ $(id -u) -eq 0 ]]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
