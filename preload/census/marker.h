// Conservative marking: which live blocks the program can still reach, and from where.
//
// A word that points to the start of a block is strong evidence, one into its middle weak, unless a
// well-known habit of C and C++ explains it (interior_pointer.h). Marking goes in three steps:
//   1. from the roots along strong pointers: reachable;
//   2. from the weak pointers found on the way: possible;
//   3. what is left is lost. Of lost blocks that hold each other those that nobody holds are
//      definite (of a circle: one), the others indirect.
// Mappings that the program made itself are nodes as well: reached by any pointer into them,
// scanned when reached, never reported.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/census/block_list.h"
#include "preload/census/memory_map.h"
#include "preload/wire/census.h"

namespace heapscribe::census {

// A place where marking begins.
struct Root {
  Range range;
  wire::RootKind kind;
  std::uint32_t thread;
  bool interior_counts;  // pointers into the middle are as good as those to the start
  bool of_libc = false;  // its allocator points to what follows a block, see is_chunk_behind
};

enum class Mark : std::uint8_t { Unreached, Definite, Indirect, Possible, Reachable };

class Marker {
 public:
  Marker(const BlockList& blocks, const MemoryMap& map) : blocks_(blocks), map_(map) {}

  // `mappings`: by address, disjoint. False without memory.
  bool prepare(const Range* mappings, std::size_t count, std::atomic<std::uint64_t>& progress);

  // Memory that holds nothing, whatever it reads; few ranges. Call before marking.
  void leave_out(const Range* dead, std::size_t count) {
    dead_ = dead;
    dead_count_ = count;
  }

  void mark_from(const Root& root);
  // A value that is not in memory any more.
  void mark_register(std::uintptr_t value, std::uint32_t thread);
  // Reachable, whatever it holds is not.
  void keep(std::uint32_t block);
  void finish();

  Mark mark(std::uint32_t block) const { return marks_[block]; }
  std::uint64_t scanned_bytes() const { return scanned_; }

  // Who held a reachable block when it was found: another block, or kNoBlock if that was a mapping
  // or a root.
  struct Holder {
    std::uint32_t block;
    wire::RootKind root;
    std::uint32_t thread;
    std::uintptr_t address;  // of the pointer in the root
  };
  Holder holder(std::uint32_t block) const;

  // The graph of what is reachable: node 0 stands for all roots, node 1 + n for block n, and the
  // mappings follow. False if it grew too large. The arrays belong to the marker.
  bool graph(const std::uint64_t*& first, const std::uint32_t*& targets, std::uint32_t& nodes);

 private:
  using Node = std::uint32_t;  // a block, or blocks_.size() and more: a mapping
  enum class Step : std::uint8_t { Reachable, Possible, Lost };
  struct RootHit {
    Node node;
    wire::RootKind kind;
    std::uint32_t thread;
    std::uintptr_t address;
  };

  Node find(std::uintptr_t word) const;
  bool is_mapping(Node node) const { return node >= blocks_.size(); }
  Range range_of(Node node) const;
  void scan(Range range);
  void scan_words(const std::uintptr_t* begin, const std::uintptr_t* end);
  void meet(std::uintptr_t word, const std::uintptr_t* at);
  void meet_reachable(Node node, std::uintptr_t word, const std::uintptr_t* at);
  void meet_possible(Node node);
  void meet_lost(Node node);
  void push(Node node) { queue_[tail_++] = node; }
  void drain();
  void mark_possible();
  void mark_lost();
  void add_edge(Node node);
  void set_holder(Node node, const std::uintptr_t* at);

  const BlockList& blocks_;
  const MemoryMap& map_;
  const Range* mappings_ = nullptr;
  std::size_t mapping_count_ = 0;
  std::uintptr_t lowest_ = 0, end_ = 0;  // of all nodes
  std::atomic<std::uint64_t>* progress_ = nullptr;
  const Range* dead_ = nullptr;
  std::size_t dead_count_ = 0;

  Step step_ = Step::Reachable;
  const Root* root_ = nullptr;  // where we are; nullptr = in node `from_`
  Node from_ = 0;
  Node leader_ = 0;

  Mark* marks_ = nullptr;  // by node
  Node* queue_ = nullptr;  // every node enters it at most once a step
  std::size_t head_ = 0, tail_ = 0;
  Node* weak_ = nullptr;
  std::size_t weak_count_ = 0;
  bool* is_weak_ = nullptr;
  Node* holders_ = nullptr;  // by node: a node, or kRootHit | index
  RootHit* hits_ = nullptr;
  std::size_t hit_count_ = 0;
  std::uint64_t scanned_ = 0;

  // Edges in the order in which nodes were scanned.
  std::uint32_t* edges_ = nullptr;
  std::uint64_t edge_count_ = 0, edge_capacity_ = 0;
  std::uint64_t* first_edge_ = nullptr;  // by position in the queue
  Node* order_ = nullptr;                // the queue of that step
  std::size_t scanned_nodes_ = 0;
};

}  // namespace heapscribe::census
