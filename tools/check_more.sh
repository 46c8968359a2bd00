#!/bin/bash
# The checks that take too long for every change; for a nightly run, and after work on threads. Needs what
# tools/test.sh installs.
#   tools/check_more.sh [clang] [tsan]    both by default
#     clang  builds everything with the second compiler (build/clang), whose warnings in our code are errors,
#            those about mutexes among them (src/core/thread_annotations.h), and runs all tests
#     tsan   builds the tests of loader, batch feed, validation and trainings on ranks that are threads with
#            the thread sanitizer (build/tsan), and runs them; a report ends the test's program with 66
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

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
