#include "preload/collector/heartbeat.h"

#include <ctime>

namespace heapscribe::collector {
namespace {

constexpr std::chrono::milliseconds kBeat{10};
constexpr unsigned kBeatsPerWatch = 2;
constexpr unsigned kBeatsOfRest = 100;

std::uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

std::uint64_t session_time(const wire::SessionHeader& header) {
  if (header.phase.load(std::memory_order_acquire) == wire::SessionPhase::Waiting) return 0;
  const std::uint64_t now = monotonic_ns();
  return now > header.start_monotonic_ns ? now - header.start_monotonic_ns : 0;
}

Heartbeat::Heartbeat(SessionFile& session, pid_t target)
    : session_(session),
      seccomp_(target),
      first_filters_(seccomp_.filters()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Heartbeat::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    session_.header().now_ns.store(session_time(session_.header()), std::memory_order_relaxed);
    keep_space();
    if (beats_++ % kBeatsPerWatch == 0) watch_restrictions();
    wake_.wait_for(lock, stop, kBeat, [] { return false; });
  }
}

void Heartbeat::keep_space() {
  if (rest_ > 0) {
    --rest_;
  } else if (!session_.grow()) {
    rest_ = kBeatsOfRest;
  }
}

// A filter that was there from the start, as in a container, lets the library's calls pass or we
// would not have heard of the program. One that came later restricts it for good.
void Heartbeat::watch_restrictions() {
  std::atomic<std::uint32_t>& restricted = session_.header().restricted;
  if (!first_filters_ || restricted.load(std::memory_order_relaxed) != 0) return;
  const auto filters = seccomp_.filters();
  if (filters && *filters != *first_filters_) restricted.store(1, std::memory_order_relaxed);
}

}  // namespace heapscribe::collector
