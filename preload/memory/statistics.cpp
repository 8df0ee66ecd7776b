#include "preload/memory/statistics.h"

#include <x86intrin.h>

#include <cstring>
#include <ctime>

#include "preload/memory/size_classes.h"
#include "preload/platform/kernel.h"

namespace heapscribe::memory {

namespace {
constinit wire::PoolRecord private_record{};

void describe(wire::PoolRecord& record) {
  record.class_count = wire::kPoolClasses;
  for (unsigned c = 1; c <= kClasses; ++c) {
    record.classes[c].block_bytes = static_cast<std::uint32_t>(class_size(c));
    record.classes[c].slab_bytes = static_cast<std::uint32_t>(slab_bytes(c));
  }
}

// The least of a few: an interrupt between the two readings says nothing about them.
std::uint64_t cost_of_two_readings() {
  std::uint64_t least = ~std::uint64_t{0};
  for (int i = 0; i < 16; ++i) {
    const std::uint64_t begin = __rdtsc();
    const std::uint64_t ticks = __rdtsc() - begin;
    if (ticks < least) least = ticks;
  }
  return least;
}

}  // namespace

namespace detail {
constinit std::atomic<wire::PoolRecord*> current_record{&private_record};
}

void count_into(wire::PoolRecord* record) {
  std::memcpy(static_cast<void*>(record), &pool_record(), sizeof *record);
  describe(*record);
  record->timer_ticks = cost_of_two_readings();
  record->tick_start_ns = platform::clock_ns(CLOCK_MONOTONIC);
  record->tick_start = __rdtsc();
  detail::current_record.store(record, std::memory_order_release);
}

void count_privately() {
  if (&pool_record() == &private_record) return;
  std::memcpy(static_cast<void*>(&private_record), &pool_record(), sizeof private_record);
  detail::current_record.store(&private_record, std::memory_order_release);
}

}  // namespace heapscribe::memory
