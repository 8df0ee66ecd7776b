// Readings of the time-stamp counter as nanoseconds.
#pragma once

#include <x86intrin.h>

#include <cstdint>
#include <ctime>

#include "preload/wire/session.h"

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

// Session time of an event that the target noted `ns` for, in the heartbeat's steps, and a reading
// of the counter, or 0.
inline std::uint64_t session_time_of(std::uint64_t ticks, std::uint64_t ns,
                                     const wire::SessionHeader& header) {
  const double scale = nanoseconds_per_tick(header.tick_start, header.start_monotonic_ns);
  if (scale <= 0 || ticks <= header.tick_start) return ns;
  return static_cast<std::uint64_t>(static_cast<double>(ticks - header.tick_start) * scale);
}

}  // namespace heapscribe::collector
