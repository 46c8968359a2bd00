#!/bin/bash
# Runs the checks that take too long for every change. It is meant for a nightly run and for changes to threads.
# It installs what it needs.
#   tools/check_more.sh [clang] [tsan]    both by default
#     clang  builds everything with the second compiler (build/clang), with warnings about mutexes as errors
#            (src/core/thread_annotations.h), and runs all tests
#     tsan   builds some tests with the thread sanitizer (build/tsan) and runs them: loader, batch feed,
#            validation, and trainings whose ranks are threads. A report of a race ends the test's program with
#            code 66.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
answer_help "$@"

check_clang() {
  tools/build.sh --tests clang
  ctest --test-dir build/clang --output-on-failure --no-tests=error -j2
}

check_tsan() {
  tools/build.sh --tests tsan tsan_tests
  ctest --test-dir build/tsan --label-regex tsan --output-on-failure --no-tests=error
}

checks=("$@")
((${#checks[@]} > 0)) || checks=(clang tsan)
for check in "${checks[@]}"; do
  [[ $check == clang || $check == tsan ]] || fail "unknown check '$check' (known: clang, tsan)"
done

cd "$repository"
tools/setup.sh --tests
export OMP_NUM_THREADS=1
for check in "${checks[@]}"; do
  start=$SECONDS
  "check_$check"
  say "$check: $((SECONDS - start)) s"
done
