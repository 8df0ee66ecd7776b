// The functions, or variables, that an ELF symbol table names.
#pragma once

#include <elfutils/libdwfl.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace heapscribe::symbols {

enum class SymbolsOf { Functions, Variables };

// Symbols of one module, ready to be searched. Reads .symtab of the module or of its
// separate debug file, else .dynsym, together with what .gnu_debugdata adds. Names are views into
// the module's memory: valid as long as the module is.
class ElfSymbols {
 public:
  explicit ElfSymbols(Dwfl_Module* module, SymbolsOf what = SymbolsOf::Functions);

  // The mangled name of the function or variable that `address` (in the module's own address space)
  // lies in; empty when no symbol covers it.
  std::string_view covering(std::uint64_t address) const;
  bool empty() const { return symbols_.empty(); }

 private:
  struct Symbol {
    std::uint64_t start;
    std::uint64_t end;
    std::uint64_t furthest_end;  // of this one and all before it
    std::string_view name;
    int rank;  // the highest one names an address that has several symbols
  };
  void read(Dwfl_Module* module, SymbolsOf what);
  void give_ends();
  void note_furthest_ends();

  std::vector<Symbol> symbols_;  // by start, then by rank
};

}  // namespace heapscribe::symbols
