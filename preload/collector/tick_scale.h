// Readings of the time-stamp counter as nanoseconds.
#pragma once

#include <x86intrin.h>

#include <cstdint>
#include <ctime>

namespace heapscribe::collector {

// `start_ticks` was read when the monotonic clock said `start_ns`. The counter runs on while we
// read, in the target as here; 0 if it does not (another boot).
inline double nanoseconds_per_tick(std::uint64_t start_ticks, std::uint64_t start_ns) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const double ns = static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec) -
                    static_cast<double>(start_ns);
  const double ticks = static_cast<double>(__rdtsc()) - static_cast<double>(start_ticks);
  return ns > 0 && ticks > 0 ? ns / ticks : 0;
}

}  // namespace heapscribe::collector
