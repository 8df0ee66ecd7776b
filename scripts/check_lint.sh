#!/bin/bash
# clang-tidy over the project's own sources, with .clang-tidy; needs a configured build folder.
#   scripts/check_lint.sh [BUILD_FOLDER [COMMIT]]
# With a commit, only sources that changed since then, or that include a header that did.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
build=${1:-build}
since=${2-}

# Not the programs that tests are done to: those do odd things on purpose, or with GCC's own options.
all_sources() {
  sed -n 's/.*"file": "\(.*\)".*/\1/p' "$build/compile_commands.json" |
    grep -E "^$PWD/(preload|analyzer|viewer|tests)/.*\.cpp$" | grep -Ev '/(fixtures|programs)/' | sort -u
}

# A changed header concerns every source that names it.
changed_sources() {
  local changed file
  changed=$(git diff --name-only "$since" -- '*.h' '*.cpp' '*.def' '*.sql')
  all_sources | while read -r file; do
    if grep -qxF "${file#"$PWD/"}" <<<"$changed" ||
      grep -oP '#include "\K[^"]+' "$file" | grep -qxFf <(echo "$changed"); then
      echo "$file"
    fi
  done
}

list=$(mktemp)
trap 'rm -f "$list"' EXIT
if [ -n "$since" ]; then changed_sources >"$list"; else all_sources >"$list"; fi
echo "clang-tidy on $(wc -l <"$list") files"
# GCC's own warnings, attributes and optimisations mean nothing to clang.
xargs -r -a "$list" -P "${JOBS:-$(nproc)}" -n 1 \
  clang-tidy --quiet -p "$build" --extra-arg=-Wno-unknown-warning-option \
  --extra-arg=-Wno-unknown-attributes --extra-arg=-Wno-ignored-optimization-argument
