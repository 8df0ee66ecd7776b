#include "analyzer/reports/function_sections.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "analyzer/model/pattern.h"
#include "analyzer/model/selection.h"
#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

using model::CaptureReader;

constexpr std::int64_t kNoSection = 0;

// Numbers of the patterns that find a name, in their order.
using Found = std::vector<std::size_t>;

// Which sections a function begins. A name is looked at once, however many addresses carry it.
class Names {
 public:
  explicit Names(const std::vector<SectionPattern>& patterns) {
    for (const SectionPattern& pattern : patterns) patterns_.emplace_back(pattern.expression);
  }

  const Found& found_in(const std::string& function) {
    const auto [entry, is_new] = known_.try_emplace(function);
    if (is_new) {
      for (std::size_t number = 0; number < patterns_.size(); ++number) {
        if (patterns_[number].found_in(function)) entry->second.push_back(number);
      }
    }
    return entry->second;
  }

 private:
  std::vector<model::Pattern> patterns_;
  std::unordered_map<std::string, Found> known_;
};

// Sections within sections, made as stacks come through them.
class Sections {
 public:
  explicit Sections(const std::vector<SectionPattern>& patterns) : patterns_(patterns) {}

  // Where a stack is that comes from section `outer` into pattern `number`.
  std::int64_t entered(std::int64_t outer, std::size_t number) {
    if (is_in(outer, number)) return outer;
    const auto next = static_cast<std::int64_t>(rows_.size()) + 1;
    const auto [entry, is_new] = within_.try_emplace({outer, number}, next);
    if (is_new) {
      SectionRow& row = rows_[next];
      row.id = next;
      row.parent = outer;
      row.name = patterns_[number].name;
      numbers_.push_back(number);
      used_.insert(number);
    }
    return entry->second;
  }

  void add(std::int64_t section, const SectionSums& sums) { rows_.at(section).net += sums; }
  SectionRows take_rows() { return std::move(rows_); }
  std::vector<SectionPattern> unused() const {
    std::vector<SectionPattern> result;
    for (std::size_t number = 0; number < patterns_.size(); ++number) {
      if (used_.count(number) == 0) result.push_back(patterns_[number]);
    }
    return result;
  }

 private:
  bool is_in(std::int64_t section, std::size_t number) const {
    while (section != kNoSection) {
      if (numbers_[static_cast<std::size_t>(section) - 1] == number) return true;
      section = rows_.at(section).parent;
    }
    return false;
  }

  const std::vector<SectionPattern>& patterns_;
  SectionRows rows_;
  std::vector<std::size_t> numbers_;  // of the pattern, by id - 1
  std::map<std::pair<std::int64_t, std::size_t>, std::int64_t> within_;
  std::set<std::size_t> used_;
};

// What a stack enters at each address, outermost first. Most enter nothing and are not there.
std::unordered_map<model::AddressId, Found> entries_by_address(CaptureReader& reader,
                                                               Names& names) {
  std::unordered_map<model::AddressId, Found> entries;
  for (const auto& [address, frames] : reader.frames().known()) {
    Found found;
    for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
      const Found& here = names.found_in(frame->function);
      found.insert(found.end(), here.begin(), here.end());
    }
    if (!found.empty()) entries[address] = std::move(found);
  }
  return entries;
}

// The section of every stack node. A caller's number is smaller, so it is known by then.
std::vector<std::int64_t> sections_of_nodes(CaptureReader& reader, Names& names,
                                            Sections& sections) {
  const auto entries = entries_by_address(reader, names);
  std::vector<std::int64_t> result(static_cast<std::size_t>(reader.stacks().end()), kNoSection);
  for (std::size_t id = 0; id < result.size(); ++id) {
    const model::StackNode node = reader.stacks().at({static_cast<std::int64_t>(id)});
    if (node.parent.exists()) result[id] = result[static_cast<std::size_t>(node.parent.value)];
    const auto entered = entries.find(node.address);
    if (entered == entries.end()) continue;
    for (const std::size_t number : entered->second) {
      result[id] = sections.entered(result[id], number);
    }
  }
  return result;
}

void add_sites(CaptureReader& reader, const std::vector<std::int64_t>& section_of,
               Sections& sections) {
  auto site = reader.database().prepare(queries::section_sites);
  while (site.step()) {
    const auto stack = static_cast<std::size_t>(site.integer(0));
    if (stack >= section_of.size() || section_of[stack] == kNoSection) continue;
    sections.add(section_of[stack], {{site.integer(1)},
                                     {site.integer(2)},
                                     {site.integer(3)},
                                     {site.integer(4)},
                                     {site.integer(5)},
                                     {site.integer(6)}});
  }
}

void expect_different_names(const std::vector<SectionPattern>& patterns) {
  std::set<std::string> names;
  for (const SectionPattern& pattern : patterns) {
    if (names.insert(pattern.name).second) continue;
    throw std::runtime_error("section '" + pattern.name + "' is given twice");
  }
}

bool is_nothing(const SectionRow& row) {
  return row.gross.allocations.value == 0 && row.gross.frees.value == 0;
}

}  // namespace

SectionsReport collect_function_sections(CaptureReader& reader,
                                         const std::vector<SectionPattern>& patterns,
                                         const std::string& thread) {
  expect_different_names(patterns);
  Names names(patterns);
  SectionsReport report;
  report.by_thread = !thread.empty();
  report.estimated = reader.sample_mean().has_value();
  report.run_bytes = reader.totals().allocated_bytes;
  report.patterns = patterns;
  model::select_sites(reader, {.function = "", .module = "", .thread = thread});
  reader.frames().load_all();
  report.has_stacks = reader.stacks().end() > model::kUnrecordedStack.value + 1;
  Sections sections(patterns);
  add_sites(reader, sections_of_nodes(reader, names, sections), sections);
  report.unmatched = sections.unused();
  arrange(report, sections.take_rows());
  std::erase_if(report.rows, is_nothing);
  return report;
}

}  // namespace heapscribe::reports
