// Where marking begins and what it may pass through: globals, stacks and thread-local storage of
// the copy, and the mappings that the program made itself.
#pragma once

#include <signal.h>

#include <cstddef>
#include <cstdint>

#include "preload/census/block_list.h"
#include "preload/census/census.h"
#include "preload/census/marker.h"
#include "preload/census/memory_map.h"
#include "preload/census/threads.h"

namespace heapscribe::census {

// A growing array without a heap; what does not fit is left out, and is_full() says so.
template <typename Item>
class Series {
 public:
  bool reserve(std::size_t capacity);
  void add(const Item& item) {
    if (count_ < capacity_) items_[count_++] = item;
  }
  bool is_full() const { return count_ == capacity_; }
  std::size_t size() const { return count_; }
  Item* begin() { return items_; }
  Item* end() { return items_ + count_; }
  const Item& operator[](std::size_t index) const { return items_[index]; }

 private:
  Item* items_ = nullptr;
  std::size_t count_ = 0, capacity_ = 0;
};

class Roots {
 public:
  Roots(const BlockList& blocks, const MemoryMap& map, const Threads& threads)
      : blocks_(blocks), map_(map), threads_(threads) {}

  // False without memory.
  bool find(const Departure* departure, std::uint32_t own_id);

  // Mappings of the program's own making, by address.
  Series<Range>& nodes() { return nodes_; }
  void mark(Marker& marker);

 private:
  void add_modules();
  void add_pieces_of_break();
  void add_registered_regions();
  void add_readable(Range range);
  void add_alternate_stack(const stack_t& stack);
  void add_own_thread(const Departure* departure);
  void add_stopped_thread(const ThreadView& view);
  void add_thread(std::uint32_t id, std::uintptr_t descriptor, std::uintptr_t sp);
  void add_main_stack(std::uint32_t id, std::uintptr_t sp);
  void add_descriptor(std::uint32_t id, std::uintptr_t descriptor);
  void find_descriptors();
  std::uintptr_t descriptor_of(std::uint32_t id);
  Range stack_of(std::uintptr_t descriptor) const;
  void add_root(Range range, wire::RootKind kind, std::uint32_t thread, bool interior = false,
                bool of_libc = false);
  void exclude(Range range) { excluded_.add(range); }
  void exclude_what_is_no_node();
  void make_nodes();
  void add_node(Range range);
  bool holds_blocks(Range range) const;

  const BlockList& blocks_;
  const MemoryMap& map_;
  const Threads& threads_;
  std::uint32_t own_id_ = 0;
  const Departure* departure_ = nullptr;
  Series<Root> roots_;
  Series<Range> excluded_;
  Series<Range> nodes_;
  Series<std::uintptr_t> descriptors_;  // of living and of dead threads
  Series<Range> dead_;                  // holds nothing, whatever it reads
  Series<std::uint32_t> kept_;          // blocks that living or dead threads' descriptors hold
};

}  // namespace heapscribe::census
