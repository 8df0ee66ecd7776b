#include "analyzer/model/call_tree.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "analyzer/queries/queries.h"

namespace heapscribe::model {
namespace {

Measures read_measures(const capture::Statement& row, int first) {
  Measures measures;
  measures.allocations.value = row.integer(first);
  measures.bytes.value = row.integer(first + 1);
  measures.live_blocks.value = row.integer(first + 2);
  measures.live_bytes.value = row.integer(first + 3);
  measures.peak_bytes.value = row.integer(first + 4);
  measures.temporary.value = row.integer(first + 5);
  return measures;
}

// Collects places into one node per function.
class NodeMerger {
 public:
  void add(const Frame& frame, const CallTree::Place& place, const Measures& measures) {
    const auto [entry, is_new] = index_.try_emplace(frame.function, nodes_.size());
    if (is_new) nodes_.push_back({&frame, {}, {}});
    CallTree::Node& node = nodes_[entry->second];
    node.totals += measures;
    node.places.push_back(place);
  }
  std::vector<CallTree::Node> take() { return std::move(nodes_); }

 private:
  std::unordered_map<std::string_view, std::size_t> index_;
  std::vector<CallTree::Node> nodes_;
};

const Frame& frame_at(CaptureReader& reader, StackId stack, std::size_t index) {
  const StackNode node = reader.stacks().at(stack);
  return node.address.exists() ? reader.frames().at(node.address)[index] : unrecorded_frame();
}

std::size_t frames_at(CaptureReader& reader, StackId stack) {
  const StackNode node = reader.stacks().at(stack);
  return node.address.exists() ? reader.frames().at(node.address).size() : 1;
}

// What every stack node and everything called from it add up to; callers have smaller numbers.
std::vector<Measures> fold_into_stacks(CaptureReader& reader) {
  std::vector<Measures> totals(static_cast<std::size_t>(reader.stacks().end()));
  auto rows = reader.database().prepare(queries::site_measures);
  while (rows.step()) {
    const auto stack = static_cast<std::size_t>(rows.integer(1));
    if (stack < totals.size()) totals[stack] += read_measures(rows, 4);
  }
  for (std::size_t id = totals.size(); id-- > 0;) {
    const StackId parent = reader.stacks().at(StackId{static_cast<std::int64_t>(id)}).parent;
    if (parent.exists()) totals[static_cast<std::size_t>(parent.value)] += totals[id];
  }
  return totals;
}

bool is_nothing(const Measures& totals) {
  return totals.allocations.value == 0 && totals.live_blocks.value == 0 &&
         totals.peak_bytes.value == 0;
}

// Outside in: the last frame of an address comes first, then the calls inlined into it.
class TopDownTree : public CallTree {
 public:
  explicit TopDownTree(CaptureReader& reader) : reader_(reader), totals_(fold_into_stacks(reader)) {
    link_callers();
  }

  std::vector<Node> roots() override {
    NodeMerger merger;
    add_list(first_root_, merger);
    return merger.take();
  }

  std::vector<Node> children(const Node& node) override {
    NodeMerger merger;
    for (const Place& place : node.places) {
      if (place.frame > 0) {
        const Place inner{place.row, place.stack, place.frame - 1};
        merger.add(frame_at(reader_, inner.stack, inner.frame), inner, totals_of(inner.stack));
      } else {
        add_list(first_callee_[static_cast<std::size_t>(place.stack.value)], merger);
      }
    }
    return merger.take();
  }

 private:
  // Lists of stack nodes with one caller: the first, and from each the next; -1 ends them.
  void link_callers() {
    first_callee_.assign(totals_.size(), -1);
    next_.assign(totals_.size(), -1);
    for (std::size_t id = totals_.size(); id-- > 0;) {
      if (is_nothing(totals_[id])) continue;
      const StackId stack{static_cast<std::int64_t>(id)};
      const StackId caller = reader_.stacks().at(stack).parent;
      std::int64_t& first =
          caller.exists() ? first_callee_[static_cast<std::size_t>(caller.value)] : first_root_;
      next_[id] = std::exchange(first, stack.value);
    }
  }

  void add_list(std::int64_t first, NodeMerger& merger) {
    for (std::int64_t id = first; id >= 0; id = next_[static_cast<std::size_t>(id)]) {
      const StackId stack{id};
      const std::size_t outermost = frames_at(reader_, stack) - 1;
      merger.add(frame_at(reader_, stack, outermost), {id, stack, outermost}, totals_of(stack));
    }
  }

  const Measures& totals_of(StackId stack) const {
    return totals_[static_cast<std::size_t>(stack.value)];
  }

  CaptureReader& reader_;
  std::vector<Measures> totals_;  // by stack node, like the following
  std::vector<std::int64_t> first_callee_, next_;
  std::int64_t first_root_ = -1;
};

class BottomUpTree : public CallTree {
 public:
  explicit BottomUpTree(CaptureReader& reader) : reader_(reader) {
    reader.frames().load_all();
    reader.stacks().load_all();
  }

  std::vector<Node> roots() override {
    NodeMerger merger;
    auto rows = reader_.database().prepare(queries::site_measures);
    while (rows.step()) {
      const auto site = static_cast<std::int64_t>(measures_.size());
      measures_.push_back(read_measures(rows, 4));
      const Place blamed = find_blamed(site, StackId{rows.integer(1)}, AddressId{rows.integer(2)},
                                       static_cast<std::size_t>(rows.integer(3)));
      merger.add(frame_at(reader_, blamed.stack, blamed.frame), blamed, measures_.back());
    }
    return merger.take();
  }

  std::vector<Node> children(const Node& node) override {
    NodeMerger merger;
    for (const Place& place : node.places) {
      Place caller{place.row, place.stack, place.frame + 1};
      if (caller.frame >= frames_at(reader_, caller.stack)) {
        caller.stack = reader_.stacks().at(place.stack).parent;
        caller.frame = 0;
      }
      if (!caller.stack.exists()) continue;
      merger.add(frame_at(reader_, caller.stack, caller.frame), caller,
                 measures_[static_cast<std::size_t>(place.row)]);
    }
    return merger.take();
  }

 private:
  Place find_blamed(std::int64_t site, StackId innermost, AddressId address, std::size_t depth) {
    if (!address.exists()) return {site, innermost, 0};
    for (StackId id = innermost; id.exists(); id = reader_.stacks().at(id).parent) {
      if (reader_.stacks().at(id).address != address) continue;
      return {site, id, std::min(depth, frames_at(reader_, id) - 1)};
    }
    return {site, innermost, 0};
  }

  CaptureReader& reader_;
  std::vector<Measures> measures_;  // by order of reading
};

}  // namespace

std::unique_ptr<CallTree> top_down_tree(CaptureReader& reader) {
  return std::make_unique<TopDownTree>(reader);
}

std::unique_ptr<CallTree> bottom_up_tree(CaptureReader& reader) {
  return std::make_unique<BottomUpTree>(reader);
}

}  // namespace heapscribe::model
