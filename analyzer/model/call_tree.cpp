#include "analyzer/model/call_tree.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

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

// Outside in: the last frame of an address comes first, then the calls inlined into it.
class TopDownTree : public CallTree {
 public:
  explicit TopDownTree(CaptureReader& reader)
      : reader_(reader),
        roots_(reader.database().prepare(queries::stack_roots)),
        children_(reader.database().prepare(queries::stack_children)) {}

  std::vector<Node> roots() override {
    NodeMerger merger;
    add_all(roots_, merger);
    return merger.take();
  }

  std::vector<Node> children(const Node& node) override {
    NodeMerger merger;
    for (const Place& place : node.places) {
      if (place.frame > 0) {
        const Place inner{place.row, place.stack, place.frame - 1};
        merger.add(frame_at(reader_, inner.stack, inner.frame), inner, totals_[place.row]);
      } else {
        children_.bind(1, place.stack.value);
        add_all(children_, merger);
      }
    }
    return merger.take();
  }

 private:
  void add_all(capture::Statement& rows, NodeMerger& merger) {
    while (rows.step()) {
      const StackId stack{rows.integer(0)};
      const std::size_t outermost = frames_at(reader_, stack) - 1;
      const Measures measures = read_measures(rows, 1);
      if (outermost > 0) totals_[stack.value] = measures;
      merger.add(frame_at(reader_, stack, outermost), {stack.value, stack, outermost}, measures);
    }
    rows.reset();
  }

  CaptureReader& reader_;
  capture::Statement roots_;
  capture::Statement children_;
  std::unordered_map<std::int64_t, Measures> totals_;  // of stacks with inlined calls
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

// Adds every site to its stack, then every node to its caller; callers have smaller numbers.
std::vector<Measures> fold_into_stacks(CaptureReader& reader) {
  reader.stacks().load_all();
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

// Makes temp.selected_stack_total for what is selected.
void compute_stack_totals(CaptureReader& reader) {
  const std::vector<Measures> totals = fold_into_stacks(reader);
  reader.database().execute(queries::create_stack_totals);
  auto insert = reader.database().prepare(
      "INSERT INTO temp.selected_stack_total VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  for (std::size_t id = 0; id < totals.size(); ++id) {
    const Measures& m = totals[id];
    if (m.allocations.value == 0 && m.live_blocks.value == 0 && m.peak_bytes.value == 0) continue;
    const StackId stack{static_cast<std::int64_t>(id)};
    const StackId parent = reader.stacks().at(stack).parent;
    insert.bind_all(stack.value, parent.value, m.allocations.value, m.bytes.value,
                    m.live_blocks.value, m.live_bytes.value, m.peak_bytes.value, m.temporary.value);
    if (!parent.exists()) insert.bind_null(2);
    insert.run();
  }
  reader.database().execute(
      "CREATE INDEX temp.stack_total_parent ON selected_stack_total(parent_id)");
}

bool totals_are_stored(CaptureReader& reader) {
  return reader.database().integer("SELECT count(*) FROM (SELECT 1 FROM stack_total LIMIT 1)") > 0;
}

}  // namespace

std::unique_ptr<CallTree> top_down_tree(CaptureReader& reader, bool everything_selected) {
  if (everything_selected && totals_are_stored(reader)) {
    reader.database().execute(
        "CREATE TEMP VIEW selected_stack_total AS SELECT * FROM main.stack_total");
  } else {
    compute_stack_totals(reader);
  }
  return std::make_unique<TopDownTree>(reader);
}

std::unique_ptr<CallTree> bottom_up_tree(CaptureReader& reader) {
  return std::make_unique<BottomUpTree>(reader);
}

}  // namespace heapscribe::model
