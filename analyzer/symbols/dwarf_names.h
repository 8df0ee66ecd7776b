// What functions and source files are called in debug information.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/symbols/string_table.h"

namespace heapscribe::symbols {

// Names of one module; each function and each file is read once. Entries are remembered by their
// place in memory, so the object must not outlive the debug information.
class DwarfNames {
 public:
  explicit DwarfNames(StringTable& functions, StringTable& files)
      : functions_(functions), files_(files) {}

  // A subprogram or inlined subroutine as a number of `functions`: the demangled linkage name, else
  // the name with scopes and parameters; kNone when there is no name.
  std::uint32_t function(Dwarf_Die* die);

  // `path` as the line table spells it (a string that lives as long as the debug information) as a
  // number of `files`: absolute and without detours.
  std::uint32_t file(Dwarf_Die* unit, const char* path);

  // The entries directly below one, in order.
  const std::vector<void*>& children(Dwarf_Die* parent);

  // Bounds the memory for children(); names stay known.
  void forget_children_beyond(std::size_t entries) {
    if (remembered_children_ <= entries) return;
    children_.clear();
    remembered_children_ = 0;
  }

 private:
  class Nesting;
  std::string spelled(Dwarf_Die* die);
  std::string qualified(Dwarf_Die* die);
  std::string parameters_of(Dwarf_Die* declaration);
  std::string scope_prefix(Dwarf_Die* die);
  const std::string& scope_name(Dwarf_Die* scope);
  bool find_call_operator(Dwarf_Die* type, Dwarf_Die* call);

  StringTable& functions_;
  StringTable& files_;
  std::unordered_map<const void*, std::uint32_t> function_numbers_;
  std::unordered_map<const char*, std::uint32_t> file_numbers_;
  std::unordered_map<const void*, std::string> scope_names_;
  std::unordered_map<const void*, std::vector<void*>> children_;
  std::size_t remembered_children_ = 0;
  int nesting_ = 0;
};

}  // namespace heapscribe::symbols
