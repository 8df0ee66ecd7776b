// How counters of the session are written: by their owner alone, so that readers see every value in
// one piece and nobody needs an atomic read-modify-write.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/wire/session.h"

namespace heapscribe::record {

// The owner is the only writer: a plain increment that readers see in one piece.
inline void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

// Sizes that 32 bits cannot hold are kept on the row's second line.
inline void note_size(wire::SiteRow& row, std::size_t requested) {
  constexpr std::uint32_t kSaturated = wire::SiteRow::kSaturated;
  const auto size = static_cast<std::uint32_t>(requested < kSaturated ? requested : kSaturated);
  if (size == kSaturated) [[unlikely]] {
    if (requested > row.huge_max_size.load(std::memory_order_relaxed)) {
      row.huge_max_size.store(requested, std::memory_order_relaxed);
    }
    if (requested < row.huge_min_size.load(std::memory_order_relaxed)) {
      row.huge_min_size.store(requested, std::memory_order_relaxed);
    }
  }
  if (size > row.max_size.load(std::memory_order_relaxed)) {
    row.max_size.store(size, std::memory_order_relaxed);
  }
  if (size < row.min_size.load(std::memory_order_relaxed)) {
    row.min_size.store(size, std::memory_order_relaxed);
  }
}

}  // namespace heapscribe::record
