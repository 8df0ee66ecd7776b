#include "viewer/server/interruption.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "viewer/server/departure.h"

namespace heapscribe::viewer {
namespace {

int left_until(Clock::time_point deadline) {
  constexpr std::int64_t kLongest = 3'600'000;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kLongest));
}

bool is_ready(const pollfd& entry) {
  return entry.revents != 0;
}

pollfd watched(const Interruption& interruption) {
  if (interruption.departure != nullptr) return interruption.departure->watched();
  return {interruption.descriptor, interruption.events, 0};
}

bool has_happened(const Interruption& interruption, const pollfd& entry) {
  if (interruption.departure != nullptr) return interruption.departure->is_certain(entry.revents);
  return is_ready(entry);
}

Clock::time_point next_look(Clock::time_point deadline, const Interruptions& interruptions) {
  for (const Interruption& interruption : interruptions) {
    if (interruption.departure == nullptr) continue;
    deadline = std::min(deadline, interruption.departure->next_look().value_or(deadline));
  }
  return deadline;
}

bool any_has_happened(const Interruptions& interruptions, const pollfd* entries) {
  return std::any_of(interruptions.begin(), interruptions.end(),
                     [&](const Interruption& each) { return has_happened(each, *entries++); });
}

}  // namespace

Waited wait_for(std::vector<pollfd>& wanted, Clock::time_point deadline,
                const Interruptions& interruptions) {
  while (true) {
    std::vector<pollfd> polled = wanted;
    for (const Interruption& each : interruptions) polled.push_back(watched(each));
    const int ready =
        poll(polled.data(), polled.size(), left_until(next_look(deadline, interruptions)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) throw std::system_error(errno, std::generic_category(), "poll");
    std::copy_n(polled.begin(), wanted.size(), wanted.begin());
    if (any_has_happened(interruptions, polled.data() + wanted.size())) return Waited::Interrupted;
    if (std::any_of(wanted.begin(), wanted.end(), is_ready)) return Waited::Ready;
    if (Clock::now() >= deadline) return Waited::TimedOut;
  }
}

}  // namespace heapscribe::viewer
