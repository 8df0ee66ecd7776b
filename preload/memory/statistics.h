// Where the pool counts: in the session when there is one, else in private memory.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/wire/pool.h"

namespace heapscribe::memory {

namespace detail {
extern constinit std::atomic<wire::PoolRecord*> current_record;
}

inline wire::PoolRecord& pool_record() {
  return *detail::current_record.load(std::memory_order_relaxed);
}

// From now on counts go there; what was counted so far is carried over.
void count_into(wire::PoolRecord* record);
// A forked child must not count in its parent's session.
void count_privately();

// The owner is the only writer: a plain increment that readers see in one piece.
inline void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

inline void raise(std::atomic<std::int64_t>& peak, std::int64_t value) {
  std::int64_t seen = peak.load(std::memory_order_relaxed);
  while (seen < value && !peak.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

// Blocks that threads took from the common store (negative: gave back).
inline void note_blocks(unsigned size_class, std::int64_t change) {
  wire::PoolSizeClass& row = pool_record().classes[size_class];
  raise(row.peak_blocks, row.blocks.fetch_add(change, std::memory_order_relaxed) + change);
}

inline void note_held(std::int64_t bytes) {
  wire::PoolRecord& record = pool_record();
  raise(record.peak_held_bytes,
        record.held_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes);
}

}  // namespace heapscribe::memory
