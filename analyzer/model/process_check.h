// Whether a process that a recording names is still there.
#pragma once

#include <cstdint>

namespace heapscribe::model {

// True if process `pid` runs (a zombie does not) and was already there `at_realtime_ns` after 1970;
// a younger process has only inherited the number. 0 = do not look at its age.
bool process_alive(std::int64_t pid, std::int64_t at_realtime_ns);

}  // namespace heapscribe::model
