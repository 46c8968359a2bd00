#!/bin/bash
# Builds, and only that: installs nothing, uses no network.
#   tools/build.sh [PRESET [TARGET…]]     (presets: release, debug, asan, cuda; default: release)
# Found through the environment: LIBTORCH_ROOT (else the one tools/setup.sh unpacked),
# CMAKE_PREFIX_PATH for libraries in places of your own, and the MPI whose mpicxx is on the PATH.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

preset="${1:-release}"
options=()
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
start=$SECONDS
cmake --preset "$preset" "${options[@]}" >/dev/null
cmake --build "build/$preset" "${targets[@]}"
say "build ($preset): $((SECONDS - start)) s"
