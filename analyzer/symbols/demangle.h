// Readable names for C++ (Itanium) and Rust (legacy and v0) symbols.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace heapscribe::symbols {

// No name that leaves this folder is longer; what is longer ends in "...".
inline constexpr std::size_t kLongestName = 64 * 1024;

// The name as its author would write it. What is not mangled, or cannot be read, comes back as it
// is, without symbol version ("foo@@GLIBC_2.2.5" -> "foo"). Never throws for the sake of a name,
// and is bounded in time and length however hostile the symbol is.
std::string demangle(std::string_view symbol);

}  // namespace heapscribe::symbols
