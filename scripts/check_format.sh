#!/bin/bash
# Every C and C++ file is formatted as .clang-format says. With --fix it is made so.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

# The scan for a list of files must not depend on git: a source archive has none.
sources() {
  find */ \( -path 'build*' -o -name node_modules \) -prune -o \( -name '*.[ch]' -o -name '*.cpp' \) -print | sort
}

if [ "${1-}" = --fix ]; then
  sources | xargs -r clang-format -i
else
  sources | xargs -r clang-format --dry-run -Werror
  echo "$(sources | wc -l) files are formatted"
fi
