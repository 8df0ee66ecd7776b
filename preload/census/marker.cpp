#include "preload/census/marker.h"

#include <algorithm>
#include <utility>

#include "preload/census/interior_pointer.h"
#include "preload/platform/pages.h"

namespace heapscribe::census {
namespace {

constexpr std::uint32_t kRootHit = 1U << 31;
constexpr std::uint64_t kEdgesPerNode = 8;
constexpr std::uint64_t kMostEdges = std::uint64_t{1} << 28;

template <typename Item>
bool make(Item*& array, std::size_t count) {
  array = static_cast<Item*>(platform::map_pages((count + 1) * sizeof(Item)));
  return array != nullptr;
}

}  // namespace

bool Marker::prepare(const Range* mappings, std::size_t count,
                     std::atomic<std::uint64_t>& progress) {
  mappings_ = mappings;
  mapping_count_ = count;
  progress_ = &progress;
  const std::size_t nodes = blocks_.size() + count;
  if (nodes >= kRootHit) return false;
  lowest_ = ~std::uintptr_t{0};
  for (Node node = 0; node < nodes; ++node) {
    const Range range = range_of(node);
    lowest_ = std::min(lowest_, range.begin);
    end_ = std::max(end_, std::max(range.end, range.begin + 1));
  }
  edge_capacity_ = std::min(nodes * kEdgesPerNode + 65536, kMostEdges);
  if (!make(edges_, edge_capacity_) || !make(first_edge_, nodes + 1)) return false;
  return make(marks_, nodes) && make(queue_, nodes) && make(order_, nodes) && make(weak_, nodes) &&
         make(is_weak_, nodes) && make(holders_, nodes) && make(hits_, nodes);
}

Range Marker::range_of(Node node) const {
  if (is_mapping(node)) return mappings_[node - blocks_.size()];
  const Block& block = blocks_[node];
  return {block.address, block.address + block.size};
}

Marker::Node Marker::find(std::uintptr_t word) const {
  const std::uint32_t block = blocks_.find(word);
  if (block != kNoBlock) return block;
  const Range* const end = mappings_ + mapping_count_;
  const Range* found = std::upper_bound(
      mappings_, end, word, [](std::uintptr_t at, const Range& range) { return at < range.end; });
  if (found == end || !found->contains(word)) return kNoBlock;
  return blocks_.size() + static_cast<Node>(found - mappings_);
}

// Steps ------------------------------------------------------------------------------------------

void Marker::mark_from(const Root& root) {
  root_ = &root;
  scan(root.range);
  root_ = nullptr;
}

void Marker::mark_register(std::uintptr_t value, std::uint32_t thread) {
  const Root root{{}, wire::RootKind::Register, thread, false};
  root_ = &root;
  meet(value, &value);
  root_ = nullptr;
}

void Marker::keep(std::uint32_t block) {
  if (marks_[block] == Mark::Reachable) return;
  marks_[block] = Mark::Reachable;
  holders_[block] = kRootHit | static_cast<Node>(hit_count_);
  hits_[hit_count_++] = {block, wire::RootKind::ThreadLocal, 0, 0};
}

void Marker::finish() {
  drain();
  scanned_nodes_ = tail_;
  first_edge_[scanned_nodes_] = edge_count_;
  std::swap(order_, queue_);
  mark_possible();
  mark_lost();
}

void Marker::mark_possible() {
  step_ = Step::Possible;
  head_ = tail_ = 0;
  for (std::size_t i = 0; i < weak_count_; ++i) meet_possible(weak_[i]);
  drain();
}

void Marker::mark_lost() {
  step_ = Step::Lost;
  for (Node block = 0; block < blocks_.size(); ++block) {
    if (marks_[block] != Mark::Unreached) continue;
    leader_ = block;
    marks_[block] = Mark::Definite;
    head_ = tail_ = 0;
    push(block);
    drain();
  }
}

void Marker::drain() {
  while (head_ < tail_) {
    from_ = queue_[head_];
    if (step_ == Step::Reachable) first_edge_[head_] = edge_count_;
    ++head_;
    scan(range_of(from_));
  }
}

// Scanning ---------------------------------------------------------------------------------------

void Marker::scan(Range range) {
  for (std::size_t i = 0; i < dead_count_; ++i) {
    const Range& dead = dead_[i];
    if (dead.end <= range.begin || dead.begin >= range.end) continue;
    if (dead.end < range.end) scan({dead.end, range.end});
    if (dead.begin <= range.begin) return;
    range.end = dead.begin;
  }
  constexpr std::uintptr_t kWord = sizeof(std::uintptr_t);
  const Range words{(range.begin + kWord - 1) / kWord * kWord, range.end / kWord * kWord};
  if (words.begin >= words.end) return;
  map_.for_each_used(words, [this](std::uintptr_t begin, std::uintptr_t end) {
    scan_words(reinterpret_cast<const std::uintptr_t*>(begin),
               reinterpret_cast<const std::uintptr_t*>(end));
  });
}

void Marker::scan_words(const std::uintptr_t* begin, const std::uintptr_t* end) {
  const std::uintptr_t lowest = lowest_;
  const std::uintptr_t length = end_ - lowest_;
  for (const std::uintptr_t* at = begin; at < end; ++at) {
    if (*at - lowest < length) meet(*at, at);
  }
  scanned_ += static_cast<std::uint64_t>(end - begin) * sizeof *begin;
  progress_->store(scanned_ + 1, std::memory_order_relaxed);
}

void Marker::meet(std::uintptr_t word, const std::uintptr_t* at) {
  const Node node = find(word);
  if (node == kNoBlock) return;
  switch (step_) {
    case Step::Reachable:
      return meet_reachable(node, word, at);
    case Step::Possible:
      return meet_possible(node);
    case Step::Lost:
      return meet_lost(node);
  }
}

void Marker::meet_reachable(Node node, std::uintptr_t word, const std::uintptr_t* at) {
  if (root_ != nullptr && root_->of_libc && !is_mapping(node) &&
      is_chunk_behind(blocks_[node], word)) {
    return;
  }
  const bool strong = is_mapping(node) || (root_ != nullptr && root_->interior_counts) ||
                      word == blocks_[node].address || is_usual(blocks_[node], word, map_);
  if (!strong) {
    if (!is_weak_[node]) weak_[weak_count_++] = node;
    is_weak_[node] = true;
    return;
  }
  if (root_ == nullptr) add_edge(node);
  if (marks_[node] == Mark::Reachable) return;
  marks_[node] = Mark::Reachable;
  set_holder(node, at);
  push(node);
}

void Marker::meet_possible(Node node) {
  if (marks_[node] != Mark::Unreached) return;
  marks_[node] = Mark::Possible;
  push(node);
}

void Marker::meet_lost(Node node) {
  if (marks_[node] == Mark::Unreached) {
    marks_[node] = Mark::Indirect;
    push(node);
  } else if (marks_[node] == Mark::Definite && node != leader_) {
    marks_[node] = Mark::Indirect;  // what it holds is marked already
  }
}

// Who holds what ---------------------------------------------------------------------------------

void Marker::set_holder(Node node, const std::uintptr_t* at) {
  if (root_ == nullptr) {
    holders_[node] = from_;
    return;
  }
  const bool in_memory = root_->kind != wire::RootKind::Register;
  holders_[node] = kRootHit | static_cast<Node>(hit_count_);
  hits_[hit_count_++] = {node, root_->kind, root_->thread,
                         in_memory ? reinterpret_cast<std::uintptr_t>(at) : 0};
}

void Marker::add_edge(Node node) {
  if (edge_count_ < edge_capacity_) edges_[edge_count_] = node + 1;
  ++edge_count_;
}

Marker::Holder Marker::holder(std::uint32_t block) const {
  Node node = holders_[block];
  // Mappings have no name: who holds them holds what is in them.
  while ((node & kRootHit) == 0 && is_mapping(node)) node = holders_[node];
  if ((node & kRootHit) == 0) return {node, wire::RootKind::None, 0, 0};
  const RootHit& hit = hits_[node & ~kRootHit];
  return {kNoBlock, hit.kind, hit.thread, hit.address};
}

// Roots are scanned before anything else, so whatever a root points to was seen there first.
bool Marker::graph(const std::uint64_t*& first, const std::uint32_t*& targets,
                   std::uint32_t& nodes) {
  if (edge_count_ > edge_capacity_) return false;
  nodes = static_cast<std::uint32_t>(blocks_.size() + mapping_count_ + 1);
  const std::uint64_t all = edge_count_ + hit_count_;
  std::uint64_t* by_node = nullptr;
  std::uint32_t* sorted = nullptr;
  if (!make(by_node, std::size_t{nodes} + 1) || !make(sorted, all)) return false;
  // Counts, then begins.
  by_node[1] = hit_count_;
  for (std::size_t i = 0; i < scanned_nodes_; ++i) {
    by_node[order_[i] + 2] = first_edge_[i + 1] - first_edge_[i];
  }
  for (std::uint32_t node = 1; node <= nodes; ++node) by_node[node] += by_node[node - 1];
  for (std::size_t i = 0; i < hit_count_; ++i) sorted[i] = hits_[i].node + 1;
  for (std::size_t i = 0; i < scanned_nodes_; ++i) {
    std::copy(edges_ + first_edge_[i], edges_ + first_edge_[i + 1],
              sorted + by_node[order_[i] + 1]);
  }
  first = by_node;
  targets = sorted;
  return true;
}

}  // namespace heapscribe::census
