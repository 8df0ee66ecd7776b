#include "preload/collector/trace_drain.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace heapscribe::collector {
namespace {

using std::chrono::microseconds;

constexpr microseconds kShortestPause{200}, kLongestPause{2000};
// Looking takes at most one part in this of a processor's time, unless there is something to do.
constexpr int kShare = 4;
constexpr std::size_t kMostBytes = std::size_t{64} << 20;
constexpr std::size_t kDueChunks = 4;

std::span<std::byte> writable(SessionFile& session) {
  return {reinterpret_cast<std::byte*>(&session.header()), session.mapping().size()};
}

}  // namespace

TraceDrain::TraceDrain(SessionFile& session)
    : session_(session),
      view_(session.mapping(), session.path()),
      rings_(view_, writable(session)) {}

void TraceDrain::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void TraceDrain::run(const std::stop_token& stop) {
  microseconds pause = kLongestPause;
  while (!stop.stop_requested()) {
    const auto begin = std::chrono::steady_clock::now();
    TraceRings::Pass pass;
    view_.refresh(session_.committed());
    if (!is_full()) {
      pass = rings_.read(TraceDepth::Busy, [this](auto chunk) { queue(std::move(chunk)); });
    }
    const auto cost =
        std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - begin);
    pause = pass.pressed ? std::max(pause / 2, kShortestPause) : std::min(pause * 2, kLongestPause);
    std::this_thread::sleep_for(pass.any ? pause : std::max(pause, cost * kShare));
  }
}

std::vector<capture::TraceChunk> TraceDrain::take_due() {
  {
    const std::lock_guard lock(mutex_);
    if (chunks_.size() < kDueChunks) return {};
  }
  return take_all();
}

std::vector<capture::TraceChunk> TraceDrain::finish() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  view_.refresh(session_.committed());
  rings_.read(TraceDepth::Everything, [this](auto chunk) { queue(std::move(chunk)); });
  return take_all();
}

std::vector<capture::TraceChunk> TraceDrain::take_all() {
  const std::lock_guard lock(mutex_);
  bytes_ = 0;
  return std::exchange(chunks_, {});
}

void TraceDrain::queue(capture::TraceChunk chunk) {
  const std::lock_guard lock(mutex_);
  bytes_ += chunk.data.size();
  chunks_.push_back(std::move(chunk));
}

bool TraceDrain::is_full() const {
  const std::lock_guard lock(mutex_);
  return bytes_ >= kMostBytes;
}

}  // namespace heapscribe::collector
