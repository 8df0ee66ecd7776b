#!/bin/bash
# Builds the unit tests with a sanitizer and runs them; programs under the library are tested without.
#   scripts/check_sanitized.sh asan|tsan
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
tests=(heapscribe_{preload,pool,pool_exhaustion,collector,symbols,analyzer,viewer}_test)
cmake --preset "$1" >/dev/null
cmake --build --preset "$1" --target "${tests[@]}"
# These read whole stacks, map all there is, or want a register to themselves: not under a sanitizer.
ctest --preset "$1" -j"${JOBS:-$(nproc)}" --timeout 300 -L '^unit$' --no-tests=error \
  -E '^(RememberedStackTest|PoolExhaustion)\.|^Threads.StandStill'
