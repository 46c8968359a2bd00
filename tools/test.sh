#!/bin/bash
# Installs what is missing, checks style, layers and locks, builds, and runs every test. The last lines are
# ctest's summary and the tests that this machine cannot run; DERMATOME_REQUIRE=slurm,netns,browser makes these
# tests fail instead. The sanitizers check the code that parses untrusted bytes, and one step of two ranks.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
answer_help "$@"
(($# == 0)) || fail "unknown argument '$1' (there are none)"

# Static analysis of one file that includes LibTorch takes half a minute. After this many seconds no
# further file is started, and the files left out are named.
tidy_budget=240

# list_files PATTERN…: prints the project's own files, also in a copy without git.
list_files() {
  git ls-files -- "$@" 2>/dev/null && return
  local names=(-false) pattern
  for pattern in "$@"; do names+=(-o -name "$pattern"); done
  find . -path ./build -prune -o -type f \( "${names[@]}" \) -print
}

check_format() {
  say "format: $(clang-format --version)"
  list_files '*.cpp' '*.h' '*.cu' '*.cuh' | xargs -r clang-format --dry-run -Werror
}

# changed_sources: prints the .cpp files that differ from the main branch or, on the main branch, from the
# commit before.
changed_sources() {
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null || true)
  if [[ -z $base || $base == "$(git rev-parse HEAD)" ]]; then
    base=$(git rev-parse --verify --quiet HEAD~1 || git hash-object -t tree /dev/null)
  fi
  git diff --name-only --diff-filter=d "$base" -- '*.cpp'
}

# The release build compiles several sources as one. Only the preset dev has a command per source, so it is
# configured, but not built. Its commands name g++'s precompiled header, which clang cannot read. clang reads
# a copy of the header's text in another folder instead.
write_tidy_database() {
  local python=()
  [[ ! -x "$venv/bin/python" ]] || python=("-DDERMATOME_PYTHON=$venv/bin/python")
  cmake --preset dev -DDERMATOME_TESTS=ON "${python[@]}" >/dev/null
  mkdir -p build/tidy
  cp build/dev/CMakeFiles/dermatome_torch.dir/cmake_pch.hxx build/tidy/torch.hxx
  sed -E "s# -Winvalid-pch##
    s# -include [^ ]*cmake_pch\\.hxx# -include $repository/build/tidy/torch.hxx#" \
    build/dev/compile_commands.json >build/tidy/compile_commands.json
}

check_static() {
  local sources=() begun=() left_out=() source deadline=$((SECONDS + tidy_budget))
  git rev-parse --git-dir >/dev/null 2>&1 || {
    say "clang-tidy: not a git checkout, so nothing counts as changed"
    return
  }
  mapfile -t sources < <(changed_sources)
  say "clang-tidy: ${#sources[@]} changed files"
  write_tidy_database
  local pids=() i failed=()
  for source in "${sources[@]}"; do
    if ! grep -qF "\"$repository/$source\"" build/tidy/compile_commands.json; then
      say "clang-tidy: $source is not part of the build"
      continue
    fi
    if ((SECONDS >= deadline)); then
      left_out+=("$source")
      continue
    fi
    # Standard error only holds the number of warnings in LibTorch's headers; errors go to standard output.
    clang-tidy --quiet -p build/tidy "$source" 2>/dev/null &
    pids+=($!)
    begun+=("$source")
    while (($(jobs -rp | wc -l) >= $(nproc))); do sleep 0.2; done
  done
  for i in "${!pids[@]}"; do wait "${pids[i]}" || failed+=("${begun[i]}"); done
  ((${#left_out[@]} == 0)) || say "clang-tidy: no time left for ${left_out[*]}"
  ((${#failed[@]} == 0)) || fail "clang-tidy found something (above) in ${failed[*]}"
}

# find_nccl NVCC: says by its exit code whether nccl.h is in one of the folders that CMake searches.
find_nccl() {
  local folders=("${NCCL_ROOT:-}/include" "$(dirname "$1")/../include") prefix
  for prefix in ${CMAKE_PREFIX_PATH:+${CMAKE_PREFIX_PATH//:/ }} /usr/local /usr; do
    folders+=("$prefix/include" "$prefix/include/x86_64-linux-gnu")
  done
  for prefix in "${folders[@]}"; do [[ ! -e "$prefix/nccl.h" ]] || return 0; done
  return 1
}

# why_no_cuda_build: prints the reason if tools/cmake/cuda.cmake would refuse this machine, else nothing.
why_no_cuda_build() {
  local places="${CUDA_PATH:-}/bin:${CUDA_HOME:-}/bin:$PATH:/usr/local/cuda/bin" nvcc major needed=13
  if ! nvcc=$(PATH="$places" && command -v "${CUDACXX:-nvcc}"); then
    echo "no CUDA toolkit: nvcc is not on the PATH, and neither CUDACXX nor CUDA_HOME names it"
    return
  fi
  if [[ -n "${LIBTORCH_ROOT:-}" ]]; then
    if [[ ! -e "$LIBTORCH_ROOT/lib/libtorch_cuda.so" ]]; then
      echo "the LibTorch at LIBTORCH_ROOT has no CUDA libraries"
      return
    fi
    needed=$(grep -aoEm1 'libcudart\.so\.[0-9]+' "$LIBTORCH_ROOT/lib/libc10_cuda.so" | head -n 1)
    needed="${needed##*.}"
  fi
  major=$("$nvcc" --version 2>&1 | sed -nE 's/.*release ([0-9]+)\..*/\1/p')
  if [[ "$major" != "$needed" ]]; then
    echo "$nvcc belongs to CUDA ${major:-?}, but LibTorch needs CUDA $needed; CUDACXX can name another nvcc"
  elif ! find_nccl "$nvcc"; then
    echo "no nccl.h; NCCL_ROOT can name the folder above its include/"
  fi
}

# build_cuda: builds the binary and the tests of the CUDA variant, beside the release build.
build_cuda() {
  local missing
  missing=$(why_no_cuda_build)
  if [[ -z $missing ]]; then
    tools/setup.sh --cuda
    tools/build.sh --tests cuda cuda_tests
    return
  fi
  say "NOT BUILT: cuda ($missing)"
  [[ ",${DERMATOME_REQUIRE:-}," != *,cuda,* ]] || fail "DERMATOME_REQUIRE asks for cuda"
}

test_cuda() {
  [[ -z $(why_no_cuda_build) ]] || return 0
  local labels=cuda
  if [[ -e /dev/nvidiactl ]]; then
    labels='cuda|gpu'
  else
    say "NOT RUN: gpu (this machine shows no GPU)"
  fi
  ctest --test-dir build/cuda --label-regex "$labels" --output-on-failure --no-tests=error
}

stages=()
# stage NAME COMMAND…: runs COMMAND and notes how long it took.
stage() {
  local start=$SECONDS
  "${@:2}"
  stages+=("$(printf '%-22s %4d s' "$1" $((SECONDS - start)))")
}

# list_not_run: prints the tests that ended because the machine lacks what they need, and what it lacks.
list_not_run() {
  sed -n 's/^NOT RUN: /== NOT RUN: /p' build/release/Testing/Temporary/LastTest.log
}

cd "$repository"
stage 'installing' tools/setup.sh --tests
stage 'format' check_format
stage 'layers' "$venv/bin/python" tools/check_layers.py
stage 'links' "$venv/bin/python" tools/check_links.py
stage 'language' "$venv/bin/python" tools/check_language.py
stage 'build' tools/build.sh --tests release
stage 'build, sanitizers' tools/build.sh --tests asan asan_tests
stage 'build, CUDA' build_cuda
stage 'locks' "$venv/bin/python" tools/check_locks.py
stage 'clang-tidy' check_static

export OMP_NUM_THREADS=1
stage 'tests, sanitizers' \
  ctest --test-dir build/asan --label-regex asan --output-on-failure --no-tests=error -j2
stage 'tests, CUDA' test_cuda
stage 'fuzzing, a moment' tests/fuzz/run.sh 10 image csv shard
say 'times; those of the tests of the release build follow them'
printf '   %s\n' "${stages[@]}"

trap list_not_run EXIT
ctest --test-dir build/release --output-on-failure --no-tests=error -j2
