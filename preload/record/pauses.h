// What holds a thread up, as wire/pauses.h has it: calls that are timed, runs of releases, and the
// recorder's own rare work.
//
// On the path of every call stands one countdown (hooks/record.h). Everything here is reached once
// in kLookEvery calls or for large ones, through a RecordingScope, and costs a few readings of the
// time-stamp counter: no system call, no lock. What finds the ring full is counted as lost.
//
// A storm is found without a word from the allocations: a look at a release compares the thread's
// own count of allocations with that of the look before. If it stands still, all calls in between
// were releases; only then the clock is read. The storm at hand lies in the session (`open`) and is
// brought up to date by every look, so that it survives the thread.
#pragma once

#include <x86intrin.h>

#include <cstddef>
#include <cstdint>

#include "preload/record/block_table.h"
#include "preload/record/session.h"
#include "preload/wire/pauses.h"

namespace heapscribe::record {

// Calls of so many bytes are timed each; more than there are if pauses are not wanted.
extern constinit std::size_t timed_from;

// Before a second thread exists. `threshold_ns` 0 = off.
void set_pauses(std::uint64_t threshold_ns, std::uint64_t ticks_per_us);
// The program is about to forbid the time-stamp counter.
void stop_clock();
bool clock_runs();

inline std::uint64_t ticks_now() {
  return __rdtsc();
}

// How a call is to be watched.
struct Watch {
  bool look = false;            // for storms, if it is a release
  std::uint8_t stands_for = 0;  // calls; 0 = it is not timed
};

// One timed call. `hook_begin` and `hook_end` enclose the recorder's own work as well.
struct CallTimes {
  std::uint64_t hook_begin = 0, begin = 0, end = 0, hook_end = 0;
  std::uint64_t ticks() const { return end > begin ? end - begin : 0; }
  std::uint64_t own_ticks() const {
    const std::uint64_t all = hook_end > hook_begin ? hook_end - hook_begin : 0;
    return all > ticks() ? all - ticks() : 0;
  }
};

class PauseWatch {
 public:
  // The following is `thread`'s; a storm of the one before ends.
  void begin_thread(wire::CounterTable& table, std::uint32_t thread, std::uint64_t seed);

  // For a call that reached its look, or is large.
  Watch begin(std::size_t size);

  // True if nothing was allocated since the last look: then look_at_storm() is to be called.
  bool only_releases(const wire::CounterTable& table);
  // A release of a block of `site` at `now`. True if the stack is wanted: note_storm_stack().
  bool look_at_storm(const wire::CounterTable& table, std::uint64_t now, wire::Ref site);
  void note_storm_stack(wire::Ref stack);

  // A timed call; true if it is an event, which then is to be completed and passed to write().
  bool count_call(wire::TimedCall call, const Watch& watch, const CallTimes& times);
  wire::PauseEvent event_of(wire::TimedCall call, const Watch& watch, const CallTimes& times) const;
  void write(const wire::PauseEvent& event);

  // The recorder's own work, begun at `begin`; what was counted meanwhile is not counted twice.
  std::uint64_t own_ticks() const { return own_ticks_; }
  void note_own(wire::OwnCause cause, std::uint64_t begin, std::uint64_t own_ticks_at_begin);

 private:
  wire::PauseTable* pauses();
  std::uint32_t next_random();
  void open_storm(const wire::CounterTable& table, std::uint64_t now, bool continues);
  void extend_storm(const wire::CounterTable& table, std::uint64_t now);
  // Whether the storm that comes next can say that it goes on with one that was written.
  enum class Chain : std::uint8_t { Broken, Holds };
  Chain close_storm();
  void meet(wire::Ref site);

  wire::CounterTable* table_;
  wire::PauseTable* pauses_;  // nullptr before there is something to count
  std::uint64_t random_;
  std::uint32_t thread_;
  // The run of releases.
  bool unbroken_;                          // no allocation since last_
  std::uint64_t allocations_;              // as of the last look
  std::uint64_t last_;                     // last look that read the clock
  std::uint64_t in_calls_;                 // ticks since then that are known to be the allocator's
  std::uint64_t frees_, freed_bytes_;      // at the storm's begin
  std::uint64_t last_frees_, last_freed_;  // at last_
  std::uint64_t next_stack_;               // ticks of the storm at which its stack is wanted again
  std::uint64_t own_ticks_;                // of note_own, all causes
};

// Work of the recorder itself, as long as this stands. For what is rare.
class OwnPause {
 public:
  explicit OwnPause(wire::OwnCause cause);
  ~OwnPause();
  OwnPause(const OwnPause&) = delete;
  OwnPause& operator=(const OwnPause&) = delete;

 private:
  wire::OwnCause cause_;
  std::uint64_t begin_, own_at_begin_;
};

}  // namespace heapscribe::record
