// What holds the program up, for each counter table that saw some of it: one writing thread.
//
//   stall    one allocator call that took long
//   storm    a run of releases without a gap, by one thread
//   own      the recorder's own rare work: a new thread, new stacks, a full trace buffer ...
//
// Every call of kLargeCall bytes or more is timed; of the others about one in kTimedEvery, at
// random distances. Every release is looked at for storms, by counters; the clock is read once in
// kLookEvery calls, so a storm's begin and end are known to about so many releases.
//
// Times are readings of the time-stamp counter (SessionHeader::tick_start).
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace heapscribe::wire {

inline constexpr std::size_t kLargeCall = std::size_t{128}
                                          << 10;  // glibc begins to map blocks here
inline constexpr std::uint32_t kTimedEvery = 64;
inline constexpr std::uint32_t kLookEvery = 16;
// So long may kLookEvery releases take, and the run goes on.
inline constexpr std::uint64_t kStormGapNs = 50'000;

enum class PauseKind : std::uint8_t { Stall = 1, ReleaseStorm = 2, Own = 3 };

enum class TimedCall : std::uint8_t { Allocate, Free, Reallocate };
inline constexpr std::size_t kTimedCalls = 3;

enum class OwnCause : std::uint8_t {
  ThreadStart,  // a thread's first event
  NewSite,      // a stack that this thread had not met yet: its row, its storage
  Modules,      // the list of loaded modules brought up to date
  TraceWait,    // the trace buffer was full
  BlockTable,   // room for more live blocks
  LeakCheck,    // all threads stood still for the census
};
inline constexpr std::size_t kOwnCauses = 6;

// Four steps per doubling from 32 ticks on; the first bucket takes what is less, the last the rest.
inline constexpr std::size_t kLatencyBuckets = 96;
constexpr std::size_t latency_bucket(std::uint64_t ticks) {
  constexpr unsigned kFirst = 5;
  const unsigned doubling = 63U - static_cast<unsigned>(std::countl_zero(ticks | 1U << kFirst));
  if (doubling == kFirst && ticks < 1U << kFirst) return 0;
  const std::size_t bucket = (doubling - kFirst) * 4 + ((ticks >> (doubling - 2)) & 3);
  return bucket < kLatencyBuckets ? bucket : kLatencyBuckets - 1;
}
constexpr std::uint64_t latency_bucket_lower(std::size_t bucket) {
  return bucket == 0 ? 0 : (std::uint64_t{4} + bucket % 4) << (bucket / 4 + 3);
}

// A site whose blocks a storm released, as far as its looks have met them.
struct ReclaimedSite {
  std::uint32_t row;  // Ref of a SiteRow; kNoRef = unused
  std::uint32_t looks;
};
inline constexpr std::size_t kReclaimedSites = 4;

struct PauseEvent {
  std::uint64_t begin;        // ticks
  std::uint64_t ticks;        // how long
  std::uint64_t bytes;        // reclaimed: requested sizes of the blocks
  std::uint64_t blocks;       // reclaimed
  std::uint64_t size;         // asked for by a stalled call
  std::uint32_t stack;        // Ref of a StackSegment, or kNoRef
  std::uint32_t other_stack;  // of a storm, later on: what both have in common is where it happens
  std::uint32_t thread;       // number of the ThreadRecord
  PauseKind kind;
  std::uint8_t what;        // TimedCall or OwnCause
  std::uint8_t continues;   // a storm: nothing was allocated since this thread's storm before it
  std::uint8_t stands_for;  // calls: 1, or kTimedEvery where this is one of a sample
  ReclaimedSite sites[kReclaimedSites];
};
static_assert(sizeof(PauseEvent) == 88);

struct PauseRing {
  static constexpr std::uint64_t kEvents = 512;
  PauseEvent events[kEvents];
};

struct LatencyCounters {
  std::atomic<std::uint64_t> calls;
  std::atomic<std::uint64_t> ticks;  // their sum
  std::atomic<std::uint64_t> longest;
  std::atomic<std::uint64_t> buckets[kLatencyBuckets];
};

// In CounterTable: every thread has some.
struct OwnCounters {
  std::atomic<std::uint64_t> times;
  std::atomic<std::uint64_t> ticks;
};

struct alignas(64) PauseTable {
  std::atomic<std::uint64_t> head;  // events ever written
  std::atomic<std::uint64_t> lost;  // found the ring full
  std::atomic<std::uint32_t> ring;  // PauseRing, or kNoRef before the first event
  std::uint32_t reserved;
  std::atomic<std::uint64_t> sampled_own_ticks;    // of the sampled calls: what the recorder took
  alignas(64) std::atomic<std::uint64_t> tail;     // written by the collector: events that are safe
  alignas(64) LatencyCounters large[kTimedCalls];  // every call of kLargeCall or more
  LatencyCounters sampled[kTimedCalls];            // one in kTimedEvery of the others
  PauseEvent open;  // the storm that is going on, or was the last; ticks 0 = too short so far
};

}  // namespace heapscribe::wire
