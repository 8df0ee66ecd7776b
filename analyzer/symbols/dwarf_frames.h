// Addresses to functions, inlined functions and source lines by debug information.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "analyzer/symbols/dwarf_names.h"

namespace heapscribe::symbols {

// One function that an address lies in; the first of a list is the innermost.
struct Frame {
  std::uint32_t function = StringTable::kNone;
  std::uint32_t file = StringTable::kNone;
  std::uint32_t line = 0;  // 0 = unknown
  bool inlined = false;
};

// The compilation units of one module by the code they hold.
//
// Addresses go in sorted, all at once, so that every unit, function and inlined call is looked at
// once for all addresses in it; memory follows the units that are touched.
class DwarfFrames {
 public:
  DwarfFrames(Dwarf* debug_information, StringTable& functions, StringTable& files);

  // One list of frames for every address; empty where there is no debug information. A function
  // that has no name (assembler) has function kNone. `done` hears the number of addresses finished.
  std::vector<std::vector<Frame>> resolve(std::span<const std::uint64_t> sorted_addresses,
                                          const std::function<void(std::size_t)>& done);

  bool empty() const { return unit_ranges_.empty(); }

 private:
  // An address and the functions around it, outermost first.
  struct Hit {
    std::uint64_t address;
    std::vector<Dwarf_Die> scopes;
  };
  using Hits = std::vector<Hit*>;
  struct Task {
    std::size_t unit;
    std::size_t index;  // of the address as it came in
    Hit hit;
  };

  struct UnitRange {
    std::uint64_t start;
    std::uint64_t end;
    std::size_t unit;
  };

  void add_unit(Dwarf_Die* entry, Dwarf_Die* split_entry);
  const UnitRange* range_of(std::uint64_t address) const;
  std::vector<Task> tasks_for(std::span<const std::uint64_t> sorted_addresses) const;
  void resolve_in_unit(Dwarf_Die* unit, std::span<Task> tasks,
                       std::vector<std::vector<Frame>>& frames);
  enum class Search { TopLevel, Namespaces, Everywhere };
  class Order;
  void find_functions(Dwarf_Die* scope, const Hits& hits, Search search, Order& order, int depth);
  void find_inlined(Dwarf_Die* scope, const Hits& hits, std::size_t level, Order& order, int depth);
  std::vector<Frame> frames_of(Dwarf_Die* unit, Hit& hit);

  std::vector<Dwarf_Die> units_;
  std::vector<UnitRange> unit_ranges_;
  DwarfNames names_;
};

}  // namespace heapscribe::symbols
