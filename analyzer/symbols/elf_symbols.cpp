#include "analyzer/symbols/elf_symbols.h"

#include <algorithm>
#include <tuple>

namespace heapscribe::symbols {
namespace {

// How far a size-less symbol (assembler, mostly) may reach when nothing follows it.
constexpr std::uint64_t kReachOfLastSymbol = 4096;
// Symbols that are looked at for one address; only absurd tables nest deeper.
constexpr int kMostCandidates = 256;

bool is_wanted(const GElf_Sym& symbol, const char* name, SymbolsOf what) {
  if (symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0 || name == nullptr) return false;
  if (name[0] == '\0' || name[0] == '$' || name[0] == '.') return false;  // local labels
  const int type = GELF_ST_TYPE(symbol.st_info);
  if (what == SymbolsOf::Variables) return type == STT_OBJECT && symbol.st_size != 0;
  return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
}

// Among aliases: a function before a label, an exported name before a local one, and the name that
// people call ("malloc") before the reserved one ("__libc_malloc").
int rank_of(const GElf_Sym& symbol, std::string_view name) {
  int rank = 0;
  if (GELF_ST_TYPE(symbol.st_info) != STT_NOTYPE) rank += 100;
  if (symbol.st_size != 0) rank += 50;
  if (GELF_ST_BIND(symbol.st_info) == STB_GLOBAL) rank += 20;
  if (GELF_ST_BIND(symbol.st_info) == STB_WEAK) rank += 10;
  if (name.starts_with("_Z") || name.starts_with("_R")) return rank + 3;
  return rank + (name.starts_with("__") ? 0 : name.starts_with("_") ? 1 : 2);
}

std::uint64_t end_of(std::uint64_t start, std::uint64_t size) {
  return size > UINT64_MAX - start ? UINT64_MAX : start + size;
}

}  // namespace

ElfSymbols::ElfSymbols(Dwfl_Module* module, SymbolsOf what) {
  read(module, what);
  std::sort(symbols_.begin(), symbols_.end(), [](const Symbol& left, const Symbol& right) {
    return std::tie(left.start, left.rank) < std::tie(right.start, right.rank);
  });
  give_ends();
  note_furthest_ends();
}

void ElfSymbols::read(Dwfl_Module* module, SymbolsOf what) {
  const int count = dwfl_module_getsymtab(module);
  for (int index = 1; index < count; ++index) {
    GElf_Sym symbol;
    GElf_Addr address = 0;
    GElf_Word section = 0;
    const char* name =
        dwfl_module_getsym_info(module, index, &symbol, &address, &section, nullptr, nullptr);
    if (name == nullptr || !is_wanted(symbol, name, what)) continue;
    symbols_.push_back({.start = address,
                        .end = end_of(address, symbol.st_size),
                        .furthest_end = 0,
                        .name = name,
                        .rank = rank_of(symbol, name)});
  }
}

// A symbol without size reaches to the next one.
void ElfSymbols::give_ends() {
  std::uint64_t next = symbols_.empty() ? 0 : end_of(symbols_.back().start, kReachOfLastSymbol);
  std::uint64_t following = next;
  for (std::size_t i = symbols_.size(); i-- > 0;) {
    Symbol& symbol = symbols_[i];
    if (symbol.start != next) following = next;
    if (symbol.end == symbol.start) symbol.end = following;
    next = symbol.start;
  }
}

void ElfSymbols::note_furthest_ends() {
  std::uint64_t furthest = 0;
  for (Symbol& symbol : symbols_) {
    furthest = std::max(furthest, symbol.end);
    symbol.furthest_end = furthest;
  }
}

std::string_view ElfSymbols::covering(std::uint64_t address) const {
  auto after = std::upper_bound(
      symbols_.begin(), symbols_.end(), address,
      [](std::uint64_t wanted, const Symbol& symbol) { return wanted < symbol.start; });
  for (int candidates = 0; after != symbols_.begin() && candidates < kMostCandidates;
       ++candidates) {
    --after;
    if (after->end > address) return after->name;
    if (after->furthest_end <= address) break;
  }
  return {};
}

}  // namespace heapscribe::symbols
