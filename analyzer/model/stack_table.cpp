#include "analyzer/model/stack_table.h"

#include <algorithm>
#include <stdexcept>

#include "analyzer/queries/queries.h"

namespace heapscribe::model {
namespace {

std::size_t clamped_depth(const std::vector<Frame>& frames, std::int64_t depth) {
  return std::min(static_cast<std::size_t>(std::max<std::int64_t>(depth, 0)), frames.size() - 1);
}

StackNode node_of(const capture::StackNode& packed) {
  StackNode node;
  if (packed.parent != 0) node.parent = StackId{packed.parent};
  if (packed.address != 0) node.address = AddressId{packed.address};
  return node;
}

}  // namespace

StackNode StackTable::at(StackId id) {
  const auto index = static_cast<std::size_t>(id.value);
  if (!all_.empty()) return index < all_.size() ? node_of(all_[index]) : StackNode{};
  const auto found = known_.find(id);
  if (found != known_.end()) return found->second;
  read_chunk_of(id);
  return known_[id];
}

void StackTable::load_all() {
  if (all_.empty()) all_ = capture::read_stacks(database_);
}

std::int64_t StackTable::end() {
  load_all();
  return static_cast<std::int64_t>(all_.size());
}

void StackTable::read_chunk_of(StackId id) {
  if (!lookup_) lookup_ = database_.prepare(queries::stack_chunk);
  lookup_->bind_all(id.value);
  if (lookup_->step()) {
    const std::int64_t first = lookup_->integer(0);
    std::vector<capture::StackNode> nodes;
    if (!capture::unpack_stacks(static_cast<std::uint64_t>(first), lookup_->text(1), nodes)) {
      damaged();
    }
    for (std::size_t index = 0; index < nodes.size(); ++index) {
      known_[StackId{first + static_cast<std::int64_t>(index)}] = node_of(nodes[index]);
    }
  }
  lookup_->reset();
}

void StackTable::damaged() const {
  throw std::runtime_error("'" + database_.path() + "' is damaged: its stacks do not form a tree");
}

SiteStack site_stack(StackTable& stacks, FrameTable& frames, StackId innermost,
                     AddressId blame_address, std::int64_t blame_depth) {
  SiteStack result;
  bool blamed = false;
  for (StackId id = innermost; id.exists();) {
    const StackNode node = stacks.at(id);
    if (!node.address.exists()) break;
    const std::vector<Frame>& here = frames.at(node.address);
    if (!blamed && node.address == blame_address) {
      result.blame = result.frames.size() + clamped_depth(here, blame_depth);
      blamed = true;
    }
    for (const Frame& frame : here) result.frames.push_back(&frame);
    id = node.parent;
  }
  if (result.frames.empty()) result.frames.push_back(&unrecorded_frame());
  return result;
}

const Frame& blamed_frame(StackTable& stacks, FrameTable& frames, StackId innermost,
                          AddressId blame_address, std::int64_t blame_depth) {
  AddressId address = blame_address;
  if (!address.exists()) address = stacks.at(innermost).address;
  if (!address.exists()) return unrecorded_frame();
  const std::vector<Frame>& here = frames.at(address);
  return here[blame_address.exists() ? clamped_depth(here, blame_depth) : 0];
}

}  // namespace heapscribe::model
