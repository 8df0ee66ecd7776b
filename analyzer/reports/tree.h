// The call tree, top-down or bottom-up, cut to its largest nodes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/model/call_tree.h"

namespace heapscribe::reports {

enum class TreeDirection { TopDown, BottomUp };

struct TreeRow {
  const model::Frame* frame = nullptr;
  model::Measures totals;         // of the function and, top-down, everything called from it
  std::int64_t hidden = 0;        // callees (bottom-up: callers) that were cut off
  std::vector<TreeRow> children;  // by measure, largest first
};

struct TreeReport {
  model::Measure by = model::Measure::Allocated;
  TreeDirection direction = TreeDirection::TopDown;
  model::Measures sums;     // of all roots
  model::Measures run;      // of the whole run
  std::int64_t hidden = 0;  // roots that were cut off
  std::vector<TreeRow> roots;
};

// Keeps the `limit` largest nodes; none = all. A node that only passes on what its caller has (a
// link of a chain) does not count. model::select_sites() must have been called.
TreeReport cut_tree(model::CallTree& tree, model::Measure by, std::optional<std::int64_t> limit);

}  // namespace heapscribe::reports
