#include "viewer/server/interruption.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace heapscribe::viewer {
namespace {

int left_until(Clock::time_point deadline) {
  constexpr std::int64_t kLongest = 3'600'000;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kLongest));
}

bool any_ready(const std::vector<pollfd>& polled, std::size_t from, std::size_t to) {
  const auto begin = polled.begin();
  return std::any_of(begin + static_cast<std::ptrdiff_t>(from),
                     begin + static_cast<std::ptrdiff_t>(to),
                     [](const pollfd& entry) { return entry.revents != 0; });
}

}  // namespace

Waited wait_for(std::vector<pollfd>& wanted, Clock::time_point deadline,
                const Interruptions& interruptions) {
  std::vector<pollfd> polled = wanted;
  for (const Interruption& interruption : interruptions) {
    polled.push_back({interruption.descriptor, interruption.events, 0});
  }
  while (true) {
    const int ready = poll(polled.data(), polled.size(), left_until(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) throw std::system_error(errno, std::generic_category(), "poll");
    std::copy_n(polled.begin(), wanted.size(), wanted.begin());
    if (any_ready(polled, wanted.size(), polled.size())) return Waited::Interrupted;
    if (any_ready(polled, 0, wanted.size())) return Waited::Ready;
    if (Clock::now() >= deadline) return Waited::TimedOut;
  }
}

}  // namespace heapscribe::viewer
