// What everything that is counted has in common: ids of the database, and sums of events.
#pragma once

#include <cstdint>

namespace heapscribe::capture {

// 0 = none.
using ModuleId = std::uint32_t;
using AddressId = std::uint32_t;
using StackId = std::uint32_t;
using SiteId = std::uint32_t;
using ThreadId = std::uint32_t;
using SectionId = std::uint32_t;

// What events add up to, per site, per thread, per thread at a site, and per section there.
struct Counters {
  std::uint64_t allocations = 0, bytes = 0, frees = 0, freed_bytes = 0;
  std::uint64_t temporary = 0, reallocations = 0, usable_bytes = 0;

  Counters& operator+=(const Counters& other);
  Counters& operator-=(const Counters& other);
  friend Counters operator-(Counters left, const Counters& right) { return left -= right; }
  bool operator==(const Counters&) const = default;
  std::int64_t live_blocks() const { return static_cast<std::int64_t>(allocations - frees); }
  std::int64_t live_bytes() const { return static_cast<std::int64_t>(bytes - freed_bytes); }
};

}  // namespace heapscribe::capture
