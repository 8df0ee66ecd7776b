// Makes the very next call of any thread look at what is asked of the program (hooks/record.h).
//
// Ring first, then ask: whoever follows in the program ends the alarm.
#pragma once

#include <cstdint>

#include "preload/wire/session.h"

namespace heapscribe::collector {

class CallAlarm {
 public:
  explicit CallAlarm(wire::SessionHeader& header) : header_(header) {}

  void ring() {
    allocations_ = header_.watched_from.exchange(0);
    releases_ = header_.releases_watched_from.exchange(0);
  }
  // Nobody has followed, nor will.
  void silence() {
    header_.watched_from.store(allocations_);
    header_.releases_watched_from.store(releases_);
  }

 private:
  wire::SessionHeader& header_;
  std::uint64_t allocations_ = 0, releases_ = 0;  // what was in force before
};

}  // namespace heapscribe::collector
