// The same promise kept with Boost.Stacktrace: portable, slower, follows libgcc's unwinder.
#include <boost/stacktrace/safe_dump_to.hpp>

#include "preload/unwind/unwinder.h"

namespace heapscribe::unwind {

std::uint32_t capture_boost(std::uintptr_t* frames, std::uint32_t capacity) {
  // safe_dump_to ends its list with a null frame and counts that as well.
  const auto count = static_cast<std::uint32_t>(
      boost::stacktrace::safe_dump_to(frames, capacity * sizeof(std::uintptr_t)));
  return count == 0 || count == capacity ? count : count - 1;
}

}  // namespace heapscribe::unwind
