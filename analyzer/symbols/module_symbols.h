// The symbols of one module: from addresses to functions, source lines and inlined calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/symbols/dwarf_frames.h"
#include "analyzer/symbols/module_file.h"
#include "analyzer/symbols/string_table.h"

namespace heapscribe::symbols {

// What was found out about the addresses of one module, without the module's memory.
struct ModuleSymbols {
  SymbolState state = SymbolState::Missing;
  std::string source;  // file that the symbols were read from
  StringTable functions;
  StringTable files;
  // One list for every address asked for, innermost function first; empty = nothing known.
  std::vector<std::vector<Frame>> frames;
};

// A place in code: the last byte of a call, so that a return address that begins the next line or
// the next function (after a call that never returns) is not mistaken for it.
inline std::uint64_t lookup_address(std::int64_t return_address) {
  return static_cast<std::uint64_t>(return_address) - 1;
}

// `sorted_addresses` are link-time lookup addresses. A file that is missing, foreign or damaged
// gives no symbols and the state that says so.
ModuleSymbols read_module_symbols(const ModuleIdentity& identity, const SearchOptions& options,
                                  std::span<const std::uint64_t> sorted_addresses,
                                  const std::function<void(std::size_t)>& done);

}  // namespace heapscribe::symbols
