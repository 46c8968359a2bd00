#!/bin/bash
# Builds and does nothing else: it installs nothing and uses no network.
#   tools/build.sh [--tests] [PRESET [TARGET…]]
#     --tests  builds the tests too, which need GoogleTest
#     PRESET   release (default; with CUDA if LibTorch has it), dev (one source at a time at -O1: the quickest after a small change),
#              debug, asan, tsan, clang or cuda (always with CUDA; tools/setup.sh --cuda brings its LibTorch);
#              the folder is build/PRESET
# The environment names the libraries: LIBTORCH_ROOT (without it, the LibTorch that tools/setup.sh unpacked),
# CMAKE_PREFIX_PATH for libraries in places of your own, and a PATH on which mpicxx belongs to your MPI.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
answer_help "$@"

options=(-DDERMATOME_TESTS=OFF)
if [[ ${1:-} == --tests ]]; then
  options=(-DDERMATOME_TESTS=ON)
  shift
fi
preset="${1:-release}"
[[ $preset =~ ^(release|dev|debug|asan|tsan|clang|fuzz|cuda)$ ]] ||
  fail "'$preset' is neither an option nor a preset (known: --tests release dev debug asan tsan clang cuda)"
if [[ -x "$venv/bin/python" ]]; then
  options+=("-DDERMATOME_PYTHON=$venv/bin/python")
fi
if [[ -n "${LIBTORCH_ROOT:-}" ]]; then
  options+=("-DLIBTORCH_ROOT=$LIBTORCH_ROOT")
fi
targets=()
if (($# > 1)); then
  targets=(--target "${@:2}")
fi

cd "$repository"
if [[ ! -d "build/$preset" ]]; then
  disk=1500
  [[ "${options[0]}" == *OFF ]] || disk=5000
  check_disk "$disk" "building ($preset)" "$repository"
fi
start=$SECONDS
# CMake names a missing package among its status lines, so they are shown too.
if ! output=$(cmake --preset "$preset" "${options[@]}"); then
  fail "CMake stopped (above); its last lines were:"$'\n'"$(tail -n 5 <<<"$output")"
fi
grep -E '^-- (LibTorch|CUDA variant)' <<<"$output"
cmake --build "build/$preset" "${targets[@]}"
say "build ($preset): $((SECONDS - start)) s"
