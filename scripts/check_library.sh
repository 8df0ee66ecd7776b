#!/bin/bash
# What the library asks of the process it is loaded into: little enough that it loads everywhere.
#   scripts/check_library.sh build/lib/libheapscribe.so
set -euo pipefail
library=$1
failures=0

complain() {
  echo "$1"
  failures=$((failures + 1))
}

# Anything else would be loaded into every target, and could be another version of what it brings.
check_needed() {
  local needed
  for needed in $(readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    case $needed in
      libc.so.6 | libm.so.6 | ld-linux-*.so.2) ;;
      *) complain "it needs $needed" ;;
    esac
  done
}

# Static TLS is scarce: a late dlopen of the library must find room in the loader's reserve.
check_thread_local() {
  local bytes
  bytes=$(($(readelf -lW "$library" | awk '$1 == "TLS" { print $6 }')))
  [ "$bytes" -lt 256 ] || complain "it has $bytes bytes of thread-local data, the limit is 255"
}

# Unloading it would leave the program's calls without a target.
check_flags() {
  readelf -dW "$library" | grep -q NODELETE || complain "it is not linked with -z nodelete"
  readelf -dW "$library" | grep -q TEXTREL && complain "it has text relocations"
  return 0
}

# 2.35 brought _dl_find_object, by which the unwinder finds its tables without a lock.
newest_allowed=2.35
check_versions() {
  local version
  for version in $(objdump -T "$library" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -Vu); do
    [ "$(printf '%s\n' "$version" $newest_allowed | sort -V | tail -1)" = $newest_allowed ] ||
      complain "it needs GLIBC_$version, newer than $newest_allowed"
  done
  if objdump -T "$library" | grep -q -e GLIBCXX_ -e CXXABI_; then
    complain "it needs symbols of a libstdc++"
  fi
}

# Destructors of the library could run before the program's last allocation.
check_destructors() {
  local size
  size=$(readelf -SW "$library" | sed -n 's/.*\.fini_array *[A-Z_]* *[0-9a-f]* [0-9a-f]* \([0-9a-f]*\).*/\1/p')
  [ $((16#${size:-0})) -le 8 ] || complain "it has $((16#$size / 8 - 1)) static destructors"
}

check_needed
check_thread_local
check_flags
check_versions
check_destructors
[ $failures = 0 ] && echo "$library asks for nothing but the C library"
exit $failures
