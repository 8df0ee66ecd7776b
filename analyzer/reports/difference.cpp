#include "analyzer/reports/difference.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <unordered_map>

#include "analyzer/model/file_name.h"
#include "analyzer/model/stable_name.h"
#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

// Rows of one match, while both sides are added up.
struct Draft {
  DifferenceRow row;
  std::int64_t largest = -1;  // of the site whose stack stands for all
  std::array<std::int64_t, 2> sites{};
};

class Matcher {
 public:
  Matcher(DifferenceBy by, MatchBy match, std::vector<std::string> common)
      : by_(by), match_(match), common_(std::move(common)) {}

  void add(const Side& side, bool is_after) {
    const auto held = model::held_at(*side.reader, side.moment);
    side.reader->frames().load_all();
    side.reader->stacks().load_all();
    auto rows = side.reader->database().prepare(queries::site_places);
    while (rows.step()) {
      const auto found = held.find(model::SiteId{rows.integer(0)});
      if (found == held.end() || is_nothing(found->second)) continue;
      const model::SiteStack stack = model::site_stack(
          side.reader->stacks(), side.reader->frames(), model::StackId{rows.integer(1)},
          model::AddressId{rows.integer(2)}, rows.integer(3));
      add_site(found->second, stack, is_after);
    }
  }

  std::vector<DifferenceRow> take() {
    std::vector<DifferenceRow> rows;
    for (auto& [key, draft] : drafts_) {
      draft.row.sites.value = std::max(draft.sites[0], draft.sites[1]);
      draft.row.change = change_of(draft.row);
      rows.push_back(std::move(draft.row));
    }
    return rows;
  }

 private:
  static bool is_nothing(const model::Held& held) {
    return held.live_blocks.value == 0 && held.live_bytes.value == 0 &&
           held.allocations.value == 0 && held.peak_bytes.value == 0;
  }

  bool is_common(const std::string& module) const {
    return std::binary_search(common_.begin(), common_.end(), module);
  }

  std::string key_of(const model::SiteStack& stack) const {
    const model::Frame& blamed = stack.blamed();
    std::string key =
        model::stable_name(blamed, is_common(blamed.module)) + '\n' + model::file_name(blamed.file);
    if (match_ == MatchBy::Function) return key;
    for (std::size_t at = stack.blame + 1; at < stack.frames.size(); ++at) {
      const model::Frame& frame = *stack.frames[at];
      key += '\n' + model::stable_name(frame, is_common(frame.module));
    }
    return key;
  }

  void add_site(const model::Held& held, const model::SiteStack& stack, bool is_after) {
    Draft& draft = drafts_[key_of(stack)];
    (is_after ? draft.row.after : draft.row.before) += held;
    ++draft.sites[is_after ? 1 : 0];
    // Sites come largest first; the later side is added last and has the lines of today.
    const bool first_of_side = draft.sites[is_after ? 1 : 0] == 1;
    const std::int64_t size = value_of(held, by_);
    if (!first_of_side && size <= draft.largest) return;
    draft.largest = size;
    draft.row.stack = stack;
  }

  Change change_of(const DifferenceRow& row) const {
    const std::int64_t before = value_of(row.before, by_);
    const std::int64_t after = value_of(row.after, by_);
    if (before == after) return Change::Same;
    if (before == 0) return Change::New;
    if (after == 0) return Change::Gone;
    return after > before ? Change::Grew : Change::Shrank;
  }

  DifferenceBy by_;
  MatchBy match_;
  std::vector<std::string> common_;
  std::map<std::string, Draft> drafts_;
};

void order(Difference& difference) {
  std::stable_sort(difference.rows.begin(), difference.rows.end(),
                   [&](const DifferenceRow& a, const DifferenceRow& b) {
                     const std::int64_t left = std::abs(a.delta(difference.by));
                     const std::int64_t right = std::abs(b.delta(difference.by));
                     if (left != right) return left > right;
                     return value_of(a.after, difference.by) > value_of(b.after, difference.by);
                   });
}

}  // namespace

std::string_view name_of(Change change) {
  constexpr std::array<std::string_view, 5> kNames = {"new", "grew", "shrank", "gone", "same"};
  return kNames[static_cast<std::size_t>(change)];
}

std::int64_t value_of(const model::Held& held, DifferenceBy by) {
  switch (by) {
    case DifferenceBy::Live:
      return held.live_bytes.value;
    case DifferenceBy::Peak:
      return held.peak_bytes.value;
    case DifferenceBy::Bytes:
      return held.bytes.value;
    case DifferenceBy::Allocations:
      return held.allocations.value;
  }
  return 0;
}

std::vector<std::string> modules_in_common(model::CaptureReader& a, model::CaptureReader& b) {
  const auto builds = [](model::CaptureReader& reader) {
    std::map<std::string, std::string> found;
    auto rows = reader.database().prepare(queries::module_builds);
    while (rows.step()) found[rows.text(0)] = rows.text(1);
    return found;
  };
  const auto left = builds(a);
  const auto right = builds(b);
  std::vector<std::string> common;
  for (const auto& [path, build] : left) {
    const auto other = right.find(path);
    if (other != right.end() && other->second == build && (!build.empty() || &a == &b)) {
      common.push_back(path);
    }
  }
  return common;
}

Difference find_difference(const Side& before, const Side& after, DifferenceBy by, MatchBy match) {
  Difference difference;
  difference.by = by;
  difference.before = before.words;
  difference.after = after.words;
  Matcher matcher(by, match, modules_in_common(*before.reader, *after.reader));
  matcher.add(before, false);
  matcher.add(after, true);
  difference.rows = matcher.take();
  for (const DifferenceRow& row : difference.rows) {
    difference.total_before += row.before;
    difference.total_after += row.after;
    if (row.change != Change::Same) ++difference.changed.value;
  }
  order(difference);
  return difference;
}

}  // namespace heapscribe::reports
