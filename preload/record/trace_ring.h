// One thread's events for the full trace, in order, into a ring that the collector empties.
//
// Fast path: a few stores, no system call. A ring begins small and is followed by a larger one when
// it is full. What follows when it may not grow any more is the user's choice:
//   block    the thread waits until the collector has made room, but only while the collector makes
//            progress; after kPatience without any the event is lost, and the ones that follow are
//            lost at once until the collector has moved again
//   drop     the event is lost
//   degrade  the trace ends here, for all threads
// Lost events are counted by the caller; the gap is marked in the ring as soon as there is room.
//
// Reached only through a RecordingScope: what a signal handler interrupts and leaves is a record
// that was never published.
#pragma once

#include <cstdint>

#include "preload/record/peak.h"
#include "preload/record/session.h"

namespace heapscribe::record {

// Off until set_tracing() is called, which happens before a second thread exists.
extern constinit wire::TracePolicy trace_policy;
void set_tracing(wire::TracePolicy policy, std::uint64_t largest_ring);
inline bool is_tracing() {
  return trace_policy != wire::TracePolicy::Off;
}

extern constinit std::atomic<std::uint64_t> last_event_number;

// A release takes its number before the block goes back, an allocation after the block came: that,
// and the allocator's own synchronisation, orders the events of an address.
inline std::uint64_t next_event_number() {
  if (!is_single_threaded()) return last_event_number.fetch_add(1, std::memory_order_relaxed) + 1;
  const std::uint64_t number = last_event_number.load(std::memory_order_relaxed) + 1;
  last_event_number.store(number, std::memory_order_relaxed);
  return number;
}

class TraceRing {
 public:
  // Where the chain begins, and whose events follow. No event may have been written before the
  // first call.
  void begin_thread(std::atomic<wire::Ref>& first_ring, std::uint32_t thread) {
    first_ = &first_ring;
    thread_ = thread;
    thread_noted_ = false;
  }

  // False: the event is lost.
  template <typename... Words>
  bool write(wire::TraceKind kind, std::uint64_t number, Words... words) {
    static_assert(sizeof...(Words) < wire::kLongestTraceRecord);
    if (limit_ - head_ < kRoom && !make_room()) [[unlikely]]
      return miss(number);
    const std::uint64_t now = session.now();
    if (now != noted_ns_ || !thread_noted_ || in_gap_) [[unlikely]]
      note_circumstances(now);
    push(kind, number);
    (push_word(words), ...);
    ring_->head.store(head_, std::memory_order_release);
    return true;
  }

  // The same for every event once the trace has ended.
  bool miss(std::uint64_t number);

 private:
  // The longest record with everything that may have to be noted before it.
  static constexpr std::uint64_t kRoom = 16;

  void push_word(std::uint64_t word) {
    words_[head_++ & mask_].store(word, std::memory_order_relaxed);
  }
  void push(wire::TraceKind kind, std::uint64_t value) {
    push_word(value << wire::kTraceKindBits | static_cast<std::uint64_t>(kind));
  }
  void note_circumstances(std::uint64_t now);
  bool make_room();
  bool has_room();
  bool grow();
  bool wait_for_collector();

  wire::TraceRing* ring_;  // nullptr before the first event
  std::atomic<std::uint64_t>* words_;
  std::uint64_t mask_;
  std::uint64_t head_;   // as in the ring, ahead of it while a record is being written
  std::uint64_t limit_;  // head_ may go so far: where the collector was when we last looked
  std::uint64_t noted_ns_;
  std::uint64_t lost_;  // on this chain
  std::atomic<wire::Ref>* first_;
  std::uint32_t thread_;
  bool thread_noted_;
  bool in_gap_;
};

inline bool trace_has_ended() {
  return session.header().trace_ended.load(std::memory_order_relaxed) != 0;
}

}  // namespace heapscribe::record
