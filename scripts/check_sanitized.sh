#!/bin/bash
# Builds everything with a sanitizer and runs the unit tests of ordinary code under it; programs under
# the library are tested without.
#   scripts/check_sanitized.sh asan|tsan
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
cmake --preset "$1" >/dev/null
cmake --build --preset "$1"
ctest --preset "$1" -j"${JOBS:-$(nproc)}" --timeout 300 -LE 'end_to_end|check|guest' --no-tests=error
