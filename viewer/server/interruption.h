// Everything in the server that waits does so on descriptors, and ends early when one of these has
// something to say: the server is to stop, or the client has gone.
#pragma once

#include <poll.h>

#include <chrono>
#include <initializer_list>
#include <vector>

namespace heapscribe::viewer {

using Clock = std::chrono::steady_clock;

struct Interruption {
  int descriptor = -1;
  short events = POLLIN;
};
using Interruptions = std::vector<Interruption>;

enum class Waited { Ready, Interrupted, TimedOut };

// Until one of `wanted` is ready; `revents` says which.
Waited wait_for(std::vector<pollfd>& wanted, Clock::time_point deadline,
                const Interruptions& interruptions);

}  // namespace heapscribe::viewer
