#include "analyzer/reports/tree.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>

namespace heapscribe::reports {
namespace {

using model::CallTree;
using model::Measure;

// Readers of JSON give up on deep nesting (Python at 1000 levels, a node takes two), and nobody
// reads on here.
constexpr int kDeepest = 400;

// A node while the tree is being cut; becomes a TreeRow.
struct Branch {
  CallTree::Node node;
  Branch* parent = nullptr;
  int depth = 0;
  std::int64_t hidden = 0;
  std::vector<std::unique_ptr<Branch>> children;
};

// Always opens the largest node that is not open yet. No child is larger than its parent, so the
// first n nodes that come up are the n largest of the whole tree.
class Cutter {
 public:
  Cutter(CallTree& tree, Measure by, std::optional<std::int64_t> limit)
      : tree_(tree), by_(by), left_(limit.value_or(std::numeric_limits<std::int64_t>::max())) {}

  std::unique_ptr<Branch> cut() {
    auto top = std::make_unique<Branch>();
    offer(tree_.roots(), *top);
    while (!waiting_.empty()) {
      std::unique_ptr<Branch> next = take_largest();
      if ((left_ <= 0 && !is_link(*next)) || next->depth > kDeepest) {
        ++next->parent->hidden;
        continue;
      }
      if (!is_link(*next)) --left_;
      Branch& kept = *next;
      kept.parent->children.push_back(std::move(next));
      offer(tree_.children(kept.node), kept);
    }
    return top;
  }

 private:
  std::int64_t value(const Branch& branch) const { return value_of(branch.node.totals, by_); }

  bool is_link(const Branch& branch) const {
    return branch.parent->node.frame != nullptr && value(branch) == value(*branch.parent);
  }

  void offer(std::vector<CallTree::Node> nodes, Branch& parent) {
    for (CallTree::Node& node : nodes) {
      if (value_of(node.totals, by_) <= 0) continue;
      auto branch = std::make_unique<Branch>();
      branch->node = std::move(node);
      branch->parent = &parent;
      branch->depth = parent.depth + 1;
      waiting_.push_back(std::move(branch));
      std::push_heap(waiting_.begin(), waiting_.end(), smaller_);
    }
  }

  std::unique_ptr<Branch> take_largest() {
    std::pop_heap(waiting_.begin(), waiting_.end(), smaller_);
    std::unique_ptr<Branch> largest = std::move(waiting_.back());
    waiting_.pop_back();
    return largest;
  }

  CallTree& tree_;
  Measure by_;
  std::int64_t left_;
  std::vector<std::unique_ptr<Branch>> waiting_;  // a heap
  std::function<bool(const std::unique_ptr<Branch>&, const std::unique_ptr<Branch>&)> smaller_ =
      [this](const auto& a, const auto& b) {
        if (value(*a) != value(*b)) return value(*a) < value(*b);
        return a->node.frame->function > b->node.frame->function;
      };
};

std::vector<TreeRow> rows_of(const Branch& branch) {
  std::vector<TreeRow> rows;
  for (const auto& child : branch.children) {
    rows.push_back({child->node.frame, child->node.totals, child->hidden, rows_of(*child)});
  }
  return rows;
}

}  // namespace

TreeReport cut_tree(CallTree& tree, Measure by, std::optional<std::int64_t> limit) {
  TreeReport report;
  report.by = by;
  const std::unique_ptr<Branch> top = Cutter(tree, by, limit).cut();
  report.roots = rows_of(*top);
  report.hidden = top->hidden;
  return report;
}

}  // namespace heapscribe::reports
