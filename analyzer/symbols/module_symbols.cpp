#include "analyzer/symbols/module_symbols.h"

#include "analyzer/symbols/demangle.h"
#include "analyzer/symbols/elf_symbols.h"

namespace heapscribe::symbols {
namespace {

std::vector<std::uint64_t> moved(std::span<const std::uint64_t> addresses, std::uint64_t by) {
  std::vector<std::uint64_t> result(addresses.begin(), addresses.end());
  for (std::uint64_t& address : result) address += by;
  return result;
}

void add_debug_information(const ModuleFile& file, std::span<const std::uint64_t> addresses,
                           const std::function<void(std::size_t)>& done, ModuleSymbols& symbols) {
  Dwarf_Addr debug_bias = 0;
  Dwarf* debug_information = file.debug_information(&debug_bias);
  if (debug_information == nullptr) return;
  DwarfFrames frames(debug_information, symbols.functions, symbols.files);
  symbols.frames = frames.resolve(moved(addresses, file.bias() - debug_bias), done);
}

// Names what debug information leaves without a name: assembler, or everything if there is none.
void add_symbol_names(const ModuleFile& file, std::span<const std::uint64_t> addresses,
                      ModuleSymbols& symbols) {
  const ElfSymbols table(file.module());
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    std::vector<Frame>& frames = symbols.frames[i];
    if (!frames.empty() && frames.back().function != StringTable::kNone) continue;
    const std::string_view name = table.covering(addresses[i] + file.bias());
    if (name.empty()) continue;
    if (frames.empty()) frames.emplace_back();
    frames.back().function = symbols.functions.intern(demangle(name));
  }
}

}  // namespace

ModuleSymbols read_module_symbols(const ModuleIdentity& identity, const SearchOptions& options,
                                  std::span<const std::uint64_t> sorted_addresses,
                                  const std::function<void(std::size_t)>& done) {
  ModuleSymbols symbols;
  symbols.frames.resize(sorted_addresses.size());
  const ModuleFile file(identity, options);
  symbols.state = file.state();
  symbols.source = file.source();
  if (file.module() == nullptr) return symbols;
  add_debug_information(file, sorted_addresses, done, symbols);
  add_symbol_names(file, sorted_addresses, symbols);
  return symbols;
}

}  // namespace heapscribe::symbols
