// The census: which of the live blocks the program could still reach at this moment.
//
// The program's threads stand still only until it has copied itself; the copy looks at its own
// memory, writes what it found into the session and ends, while the program goes on. The copy is no
// child that anybody could wait for, keeps no descriptor open and gets no signal.
#pragma once

#include <cstdint>

namespace heapscribe::census {

// Where the calling thread left the program's code: registers that a function must preserve, and
// the stack pointer. What lies below is dead.
struct Departure {
  std::uintptr_t registers[6];
  std::uintptr_t sp;
};

// Reports into the session why, if it cannot be done. `departure`: nullptr = the thread ran to its
// end (main has returned), nothing on its stack is alive.
void take_census(const Departure* departure);

// Whether only libc's own frames are left on the calling thread's stack.
bool program_has_returned();

}  // namespace heapscribe::census
