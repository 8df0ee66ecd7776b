// Where the calling thread left the program's code, found from within a hook.
#pragma once

#include "preload/census/census.h"

namespace heapscribe::census {

// From the innermost frame that is not our own: its stack pointer, and what the registers held that
// our code had to preserve. If that cannot be told, our own frames count as alive too.
[[gnu::noinline]] Departure departure_of_caller();

}  // namespace heapscribe::census
