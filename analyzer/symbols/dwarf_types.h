// Types and parameter lists, spelled as in a demangled symbol.
#pragma once

#include <elfutils/libdw.h>

#include <functional>
#include <string>

namespace heapscribe::symbols {

// "namespace::Class" of a type that has a name and a scope.
using NameOf = std::function<std::string(Dwarf_Die*)>;

// "(char const*, unsigned long) const" of a C++ function's declaration: functions that are local to
// a file, an anonymous namespace or another function have no linkage name to read that from.
// Long lists end in "...".
std::string parameter_list(Dwarf_Die* function, const NameOf& name_of);

}  // namespace heapscribe::symbols
