// The full event trace in the session: a ring of 64-bit words for each counter table, one writing
// thread, one reading collector.
//
// Guarantees
//  - A record is readable once `head` has passed its last word (release/acquire).
//  - Words before `tail` are read; the writer may overwrite them.
//  - A ring that is too small is followed by a larger one (`next`). Nothing is written to a ring
//    that has a successor, and nothing moves.
//  - Events carry a number that is unique in the process. For one address, the number of a release
//    is smaller than that of the next allocation.
//  - Thread and time hold for all records that follow, across the rings of a chain.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heapscribe::wire {

// What happens to an event for which the ring has no room; see record/trace_ring.h.
enum class TracePolicy : std::uint32_t {
  Off = 0,  // no trace
  Block = 1,
  Drop = 2,
  Degrade = 3,
};

// A record's first word is `value << kTraceKindBits | kind`; the words that follow are listed here.
enum class TraceKind : std::uint64_t {
  Allocation = 1,  // value: number; address, requested size, SiteRow (Ref)
  Release = 2,     // value: number; address
  Resize = 3,      // value: number; address, requested size, SiteRow, old address, number at which
                   // the old address was given up
  Time = 4,        // value: session time
  Thread = 5,      // value: number of the ThreadRecord
  Gap = 6,         // value: number of the first lost event; number of the last, events lost so far
                   // on this chain
};
inline constexpr unsigned kTraceKindBits = 4;
inline constexpr std::uint64_t kTraceKindMask = (std::uint64_t{1} << kTraceKindBits) - 1;
inline constexpr std::size_t kLongestTraceRecord = 6;  // words

// Words of a record that begins with `first`; 0 = there is no such record.
constexpr std::size_t trace_record_words(std::uint64_t first) {
  switch (static_cast<TraceKind>(first & kTraceKindMask)) {
    case TraceKind::Allocation:
      return 4;
    case TraceKind::Release:
      return 2;
    case TraceKind::Resize:
      return 6;
    case TraceKind::Time:
    case TraceKind::Thread:
      return 1;
    case TraceKind::Gap:
      return 3;
  }
  return 0;
}

inline constexpr std::uint64_t kSmallestTraceRing = std::uint64_t{1} << 10;  // bytes of words
inline constexpr std::uint64_t kFirstTraceRing = std::uint64_t{16} << 10;
inline constexpr std::uint64_t kLargestTraceRing = std::uint64_t{4} << 20;

// What holds where a collector has read up to, for whoever comes after it.
struct TraceMark {
  std::atomic<std::uint64_t> tail;    // valid if this is the ring's
  std::atomic<std::uint64_t> events;  // ever read from this ring
  std::atomic<std::uint64_t> thread;
  std::atomic<std::uint64_t> ns;
  std::atomic<std::uint64_t> lost;  // on this chain, in gaps that were read
};

struct alignas(64) TraceRing {
  std::uint64_t capacity;           // words, a power of two
  std::atomic<std::uint32_t> next;  // Ref of the larger ring that follows, or kNoRef
  std::uint32_t reserved;
  // Written by the thread.
  alignas(64) std::atomic<std::uint64_t> head;  // words ever written
  std::atomic<std::uint64_t> lost_first;        // numbers of the events of the last gap; how many
  std::atomic<std::uint64_t> lost_last;         // were lost says CounterTable::losses
  // Written by the collector.
  alignas(64) std::atomic<std::uint64_t> tail;  // words ever read
  TraceMark marks[2];                           // in turn, the one before `tail` moves
  // std::atomic<std::uint64_t> words[capacity] follows
};
static_assert(sizeof(TraceRing) == 256);

}  // namespace heapscribe::wire
