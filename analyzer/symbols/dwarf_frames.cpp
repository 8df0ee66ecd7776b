#include "analyzer/symbols/dwarf_frames.h"

#include <dwarf.h>

#include <algorithm>

namespace heapscribe::symbols {
namespace {

// Blocks in blocks; compilers stay far below.
constexpr int kDeepestBlock = 1000;
// Units whose code overlaps are a linker's accident; this many are looked at.
constexpr int kMostOverlaps = 8;
// Some 32 MB; one heavy C++ unit has 20,000.
constexpr std::size_t kMostRememberedEntries = 4'000'000;

template <typename Visit>
void for_each_range(Dwarf_Die* die, Visit visit) {
  Dwarf_Addr base = 0;
  Dwarf_Addr start = 0;
  Dwarf_Addr end = 0;
  std::ptrdiff_t offset = 0;
  while ((offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0) {
    // Code that the linker dropped is left at address 0.
    if (start != 0 && start < end) visit(start, end);
  }
}

bool has_code(Dwarf_Die* die) {
  return dwarf_hasattr(die, DW_AT_low_pc) != 0 || dwarf_hasattr(die, DW_AT_ranges) != 0;
}

std::uint64_t number_of(Dwarf_Die* die, unsigned attribute) {
  Dwarf_Attribute value;
  Dwarf_Word number = 0;
  if (dwarf_formudata(dwarf_attr(die, attribute, &value), &number) != 0) return 0;
  return number;
}

std::uint32_t line_number(std::uint64_t number) {
  return number > INT32_MAX ? 0 : static_cast<std::uint32_t>(number);
}

}  // namespace

// Entries are met in the order they are stored in. A damaged file can send a walk back to where it
// was, or give one entry two parents, and the walk would take forever.
class DwarfFrames::Order {
 public:
  bool goes_on(const Dwarf_Die& entry) {
    if (std::less_equal<>()(entry.addr, last_)) return false;
    last_ = entry.addr;
    return true;
  }

 private:
  const void* last_ = nullptr;
};

DwarfFrames::DwarfFrames(Dwarf* debug_information, StringTable& functions, StringTable& files)
    : names_(functions, files) {
  Dwarf_CU* unit = nullptr;
  Dwarf_Die entry;
  Dwarf_Die split_entry;
  std::uint8_t type = 0;
  while (dwarf_get_units(debug_information, unit, &unit, nullptr, &type, &entry, &split_entry) ==
         0) {
    if (type == DW_UT_compile || type == DW_UT_skeleton) add_unit(&entry, &split_entry);
  }
  std::sort(unit_ranges_.begin(), unit_ranges_.end(),
            [](const UnitRange& left, const UnitRange& right) { return left.start < right.start; });
}

// With split debug information the code ranges stand in the skeleton, everything else in the .dwo.
void DwarfFrames::add_unit(Dwarf_Die* entry, Dwarf_Die* split_entry) {
  const std::size_t number = units_.size();
  const std::size_t ranges = unit_ranges_.size();
  for_each_range(entry, [&](std::uint64_t start, std::uint64_t end) {
    unit_ranges_.push_back({start, end, number});
  });
  if (unit_ranges_.size() == ranges) return;
  units_.push_back(split_entry->addr != nullptr ? *split_entry : *entry);
}

const DwarfFrames::UnitRange* DwarfFrames::range_of(std::uint64_t address) const {
  auto after = std::upper_bound(
      unit_ranges_.begin(), unit_ranges_.end(), address,
      [](std::uint64_t wanted, const UnitRange& range) { return wanted < range.start; });
  for (int overlaps = 0; after != unit_ranges_.begin() && overlaps < kMostOverlaps; ++overlaps) {
    --after;
    if (address < after->end) return &*after;
  }
  return nullptr;
}

std::vector<std::vector<Frame>> DwarfFrames::resolve(
    std::span<const std::uint64_t> sorted_addresses, const std::function<void(std::size_t)>& done) {
  std::vector<std::vector<Frame>> frames(sorted_addresses.size());
  std::vector<Task> tasks = tasks_for(sorted_addresses);
  std::size_t first = 0;
  while (first < tasks.size()) {
    std::size_t last = first + 1;
    while (last < tasks.size() && tasks[last].unit == tasks[first].unit) ++last;
    resolve_in_unit(&units_[tasks[first].unit], std::span(tasks).subspan(first, last - first),
                    frames);
    first = last;
    if (done) done(first);
  }
  return frames;
}

// Unit by unit, addresses sorted within.
std::vector<DwarfFrames::Task> DwarfFrames::tasks_for(
    std::span<const std::uint64_t> sorted_addresses) const {
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < sorted_addresses.size(); ++i) {
    const UnitRange* range = range_of(sorted_addresses[i]);
    if (range != nullptr) tasks.push_back({range->unit, i, {sorted_addresses[i], {}}});
  }
  std::stable_sort(tasks.begin(), tasks.end(),
                   [](const Task& left, const Task& right) { return left.unit < right.unit; });
  return tasks;
}

void DwarfFrames::resolve_in_unit(Dwarf_Die* unit, std::span<Task> tasks,
                                  std::vector<std::vector<Frame>>& frames) {
  Hits hits;
  for (Task& task : tasks) hits.push_back(&task.hit);
  for (const Search search : {Search::TopLevel, Search::Namespaces, Search::Everywhere}) {
    Order order;
    find_functions(unit, hits, search, order, 0);
    std::erase_if(hits, [](const Hit* hit) { return !hit->scopes.empty(); });
    if (hits.empty()) break;
  }
  for (Task& task : tasks) {
    frames[task.index] = frames_of(unit, task.hit);
    task.hit.scopes = {};
  }
  names_.forget_children_beyond(kMostRememberedEntries);
}

namespace {

// The hits (sorted) inside the code of `die`.
template <typename Hits>
Hits hits_within(Dwarf_Die* die, const Hits& hits) {
  Hits within;
  const auto below = [](const auto* hit, std::uint64_t address) { return hit->address < address; };
  for_each_range(die, [&](std::uint64_t start, std::uint64_t end) {
    auto hit = std::lower_bound(hits.begin(), hits.end(), start, below);
    for (; hit != hits.end() && (*hit)->address < end; ++hit) within.push_back(*hit);
  });
  // Ranges need not be in order.
  std::sort(within.begin(), within.end(),
            [](const auto* left, const auto* right) { return left->address < right->address; });
  return within;
}

}  // namespace

// GCC and Clang put functions directly into the unit, Rust into namespaces; a few are left in their
// class or in the function that they are local to.
void DwarfFrames::find_functions(Dwarf_Die* scope, const Hits& hits, Search search, Order& order,
                                 int depth) {
  if (depth > kDeepestBlock) return;
  Dwarf_Die child;
  if (dwarf_child(scope, &child) != 0) return;
  do {
    if (!order.goes_on(child)) return;
    const int tag = dwarf_tag(&child);
    if (tag == DW_TAG_subprogram && has_code(&child)) {
      Hits inside = hits_within(&child, hits);
      std::erase_if(inside, [](const Hit* hit) { return !hit->scopes.empty(); });
      for (Hit* hit : inside) hit->scopes.push_back(child);
      Order inner;
      if (!inside.empty()) find_inlined(&child, inside, 1, inner, 0);
    }
    const bool space = tag == DW_TAG_namespace || tag == DW_TAG_module;
    if (search == Search::Everywhere || (search == Search::Namespaces && space)) {
      find_functions(&child, hits, search, order, depth + 1);
    }
  } while (dwarf_siblingof(&child, &child) == 0);
}

// `level` functions are known around every hit; looks for the next inner one.
void DwarfFrames::find_inlined(Dwarf_Die* scope, const Hits& hits, std::size_t level, Order& order,
                               int depth) {
  if (depth > kDeepestBlock) return;
  Dwarf_Die child;
  if (dwarf_child(scope, &child) != 0) return;
  do {
    if (!order.goes_on(child)) return;
    const int tag = dwarf_tag(&child);
    if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block) continue;
    // A block without code of its own is only a bracket around others.
    Hits inside = has_code(&child) ? hits_within(&child, hits) : hits;
    std::erase_if(inside, [level](const Hit* hit) { return hit->scopes.size() != level; });
    if (inside.empty()) continue;
    if (tag == DW_TAG_inlined_subroutine) {
      for (Hit* hit : inside) hit->scopes.push_back(child);
    }
    const std::size_t known = tag == DW_TAG_inlined_subroutine ? level + 1 : level;
    find_inlined(&child, inside, known, order, depth + 1);
  } while (dwarf_siblingof(&child, &child) == 0);
}

// Innermost first. The line table places the innermost function; each inlined call knows the place
// in the function around it.
std::vector<Frame> DwarfFrames::frames_of(Dwarf_Die* unit, Hit& hit) {
  Frame position;
  if (Dwarf_Line* row = dwarf_getsrc_die(unit, hit.address); row != nullptr) {
    int line = 0;
    dwarf_lineno(row, &line);
    position.file = names_.file(unit, dwarf_linesrc(row, nullptr, nullptr));
    position.line = line > 0 ? static_cast<std::uint32_t>(line) : 0;
  }
  std::vector<Frame> frames;
  for (std::size_t i = hit.scopes.size(); i-- > 0;) {
    Dwarf_Die* scope = &hit.scopes[i];
    frames.push_back({.function = names_.function(scope),
                      .file = position.file,
                      .line = position.line,
                      .inlined = i > 0});
    if (i == 0) break;
    Dwarf_Files* files = nullptr;
    const bool known = dwarf_getsrcfiles(unit, &files, nullptr) == 0;
    const char* path =
        known ? dwarf_filesrc(files, number_of(scope, DW_AT_call_file), nullptr, nullptr) : nullptr;
    position.file = names_.file(unit, path);
    position.line = line_number(number_of(scope, DW_AT_call_line));
  }
  if (frames.empty() && position.file != StringTable::kNone) frames.push_back(position);
  return frames;
}

}  // namespace heapscribe::symbols
