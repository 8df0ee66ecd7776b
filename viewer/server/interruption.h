// Everything in the server that waits does so on descriptors, and ends early when the server is to
// stop or nobody waits for the answer any more.
#pragma once

#include <poll.h>

#include <chrono>
#include <initializer_list>
#include <vector>

namespace heapscribe::viewer {

using Clock = std::chrono::steady_clock;

class Departure;

// A descriptor that is ready, or a client that has gone.
struct Interruption {
  Interruption(int ready, short wanted) : descriptor(ready), events(wanted) {}
  explicit Interruption(Departure& of) : departure(&of) {}

  int descriptor = -1;
  short events = 0;
  Departure* departure = nullptr;
};
using Interruptions = std::vector<Interruption>;

enum class Waited { Ready, Interrupted, TimedOut };

// Until one of `wanted` is ready; `revents` says which.
Waited wait_for(std::vector<pollfd>& wanted, Clock::time_point deadline,
                const Interruptions& interruptions);

}  // namespace heapscribe::viewer
