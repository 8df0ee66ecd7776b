// The census: which of the live blocks the program could still reach at this moment.
//
// The program's threads stand still only until it has copied itself; the copy looks at its own
// memory, writes what it found into the session and ends, while the program goes on. The copy is no
// child that anybody could wait for, keeps no descriptor open and gets no signal.
#pragma once

#include <cstdint>

#include "preload/record/session.h"

namespace heapscribe::census {

// Where the calling thread left the program's code: registers that a function must preserve, and
// the stack pointer. What lies below is dead.
struct Departure {
  std::uintptr_t registers[wire::kPreservedRegisters];
  std::uintptr_t sp;
};

// At the program's end. Reports into the session why, if it cannot be done. `departure`: nullptr =
// the thread ran to its end (main has returned), nothing on its stack is alive.
void take_last_census(const Departure* departure);

// While the program runs, at the collector's wish: called by hooks now and then, when the calling
// thread holds no block that it has not passed on to the program yet. Threads that would notice an
// interrupted system call are left alone: their registers stay unknown.
void take_asked_census();
inline bool is_census_asked() {
  return record::session.header().asked_census.state.load(std::memory_order_relaxed) ==
         wire::CensusState::Asked;
}

// Whether only libc's own frames are left on the calling thread's stack.
bool program_has_returned();

}  // namespace heapscribe::census
