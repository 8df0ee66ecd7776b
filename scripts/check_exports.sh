#!/bin/bash
# The library exports exactly what preload/exports.map lists: a name too few is a hook that never runs,
# a name too many is one that a program may bind to by accident.
#   scripts/check_exports.sh build/lib/libheapscribe.so
set -euo pipefail
library=$1
list=$(dirname "$(readlink -f "$0")")/../preload/exports.map

listed() { sed -e 's/#.*//' -e '/local:/,$d' "$list" | tr -d '{ \t' | sed 's/global://' | tr ';' '\n' | grep .; }
exported() { nm -D --defined-only "$library" | awk '{ sub(/@.*/, "", $3); print $3 }'; }

if ! difference=$(diff <(listed | sort -u) <(exported | sort -u)); then
  echo "the exports of $library differ from $list (< listed, > exported):"
  echo "$difference"
  exit 1
fi
echo "$(exported | sort -u | wc -l) names exported, as listed"
if nm -C "$library" | grep -q emergency_pool; then
  echo "$library contains libstdc++'s exception machinery, which allocates; see preload/platform/no_exceptions.cpp"
  exit 1
fi
