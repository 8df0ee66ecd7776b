#include "analyzer/model/stack_table.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "analyzer/queries/queries.h"

namespace heapscribe::model {
namespace {

std::size_t clamped_depth(const std::vector<Frame>& frames, std::int64_t depth) {
  return std::min(static_cast<std::size_t>(std::max<std::int64_t>(depth, 0)), frames.size() - 1);
}

}  // namespace

StackNode StackTable::at(StackId id) {
  const auto index = static_cast<std::size_t>(id.value);
  if (!all_.empty()) return index < all_.size() ? all_[index] : StackNode{};
  const auto found = known_.find(id);
  if (found != known_.end()) return found->second;
  read(id.value, id.value);
  return known_[id];
}

void StackTable::load_all() {
  if (!all_.empty()) return;
  all_.resize(static_cast<std::size_t>(end()));
  read(0, std::numeric_limits<std::int64_t>::max());
}

std::int64_t StackTable::end() {
  return database_.integer("SELECT ifnull(max(id), 0) + 1 FROM stack");
}

void StackTable::read(std::int64_t first, std::int64_t last) {
  if (!lookup_) lookup_ = database_.prepare(queries::stacks);
  lookup_->reset();
  lookup_->bind_all(first, last);
  while (lookup_->step()) {
    keep(StackId{lookup_->integer(0)},
         StackNode{StackId{lookup_->integer(1)}, AddressId{lookup_->integer(2)}});
  }
  lookup_->reset();
}

void StackTable::keep(StackId id, StackNode node) {
  if (node.parent >= id) {
    throw std::runtime_error("'" + database_.path() + "' is damaged: stack " +
                             std::to_string(id.value) + " calls itself");
  }
  if (all_.empty()) {
    known_[id] = node;
  } else {
    all_[static_cast<std::size_t>(id.value)] = node;
  }
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
