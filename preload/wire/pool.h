// What the size-class pool tells the collector. One PoolRecord per session, one PoolThread per heap
// (heaps are handed on from ended threads to new ones, and keep counting where they were).
//
// Every counter of a PoolThread has one writer. Numbers of the pool as a whole are atomics that are
// changed once per batch of blocks, or more rarely.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace heapscribe::wire {

inline constexpr std::size_t kPoolClasses = 73;        // place 0: huge blocks
inline constexpr std::uint64_t kPoolTimeEvery = 1024;  // of a class's allocations, one is timed

// One size class in one heap. What the thread's list served is `allocations - refills`; blocks that
// were used before are `allocations - created`.
struct alignas(64) PoolClass {
  std::atomic<std::uint64_t> allocations;
  std::atomic<std::uint64_t> requested_bytes;
  std::atomic<std::uint64_t> served_bytes;  // huge blocks only; otherwise allocations * size
  std::atomic<std::uint64_t> refills;       // allocations that found the thread's list empty
  std::atomic<std::uint64_t> spills;        // frees that found it full
  std::atomic<std::uint64_t> created;       // blocks cut from fresh memory
  std::atomic<std::uint64_t> received;      // blocks that came from other threads or slabs
  std::atomic<std::uint64_t> given;         // blocks passed on to other threads or slabs
};
static_assert(sizeof(PoolClass) == 64);

// Time-stamp counter ticks: exact below 8, then four steps per doubling; the last takes the rest.
inline constexpr std::size_t kTimeBuckets = 64;
constexpr std::size_t time_bucket(std::uint64_t ticks) {
  if (ticks < 8) return static_cast<std::size_t>(ticks);
  const unsigned doubling = 63U - static_cast<unsigned>(std::countl_zero(ticks));  // >= 3
  const std::size_t bucket = 8 + (doubling - 3) * 4 + ((ticks >> (doubling - 2)) & 3);
  return bucket < kTimeBuckets ? bucket : kTimeBuckets - 1;
}
// Smallest number of ticks that falls into `bucket`.
constexpr std::uint64_t time_bucket_lower(std::size_t bucket) {
  if (bucket < 8) return bucket;
  const std::size_t doubling = 3 + (bucket - 8) / 4;
  return (std::uint64_t{4} + (bucket - 8) % 4) << (doubling - 2);
}

struct alignas(64) PoolThread {
  std::uint32_t next;  // Ref of an older one
  std::uint32_t reserved;
  std::atomic<std::uint64_t> timed_allocations;
  std::atomic<std::uint64_t> timed_ticks;  // their sum
  std::atomic<std::uint64_t> times[kTimeBuckets];
  PoolClass classes[kPoolClasses];
};

struct PoolSizeClass {
  std::uint32_t block_bytes;  // 0 for huge blocks
  std::uint32_t slab_bytes;
  std::atomic<std::int64_t> blocks;       // with threads: in use, or on their lists
  std::atomic<std::int64_t> peak_blocks;  // highest value of `blocks`
  std::atomic<std::int64_t> slabs;
};

struct alignas(64) PoolRecord {
  std::uint32_t class_count;
  std::atomic<std::uint32_t> first_thread;  // Ref of a PoolThread
  std::uint64_t range_bytes;                // address space that was reserved for blocks
  std::uint64_t tick_start;                 // time-stamp counter and monotonic clock at the start
  std::uint64_t tick_start_ns;
  std::uint64_t timer_ticks;             // what reading the counter twice costs by itself
  std::atomic<std::int64_t> held_bytes;  // memory of slabs and huge blocks
  std::atomic<std::int64_t> peak_held_bytes;
  std::atomic<std::int64_t> kept_bytes;            // freed, but not yet given back to the system
  std::atomic<std::uint64_t> returned_bytes;       // given back to the system, in all
  std::atomic<std::uint64_t> metadata_bytes;       // the pool's own: tables, lists, heaps
  std::atomic<std::uint64_t> foreign_allocations;  // left to the system's allocator
  std::atomic<std::uint32_t> heaps;
  PoolSizeClass classes[kPoolClasses];
};

}  // namespace heapscribe::wire
