#include "preload/record/peak.h"

#include <algorithm>
#include <bit>

namespace heapscribe::record {
namespace {

constexpr std::int64_t kPeakShare = 1024;  // all threads together hold back 1/1024 of the peak
constexpr std::int64_t kMinStep =
    256;  // below, holding back saves nothing: every event is added at once
constexpr std::int64_t kMaxStep = std::int64_t{64} << 10;

// How many threads may hold something back at once: tables are handed on when a thread ends.
constinit std::atomic<std::int64_t> writers{0};

// True when the mark has passed a power of two.
bool doubled(std::int64_t before, std::int64_t after) {
  return std::bit_width(static_cast<std::uint64_t>(before)) !=
         std::bit_width(static_cast<std::uint64_t>(after));
}

void adapt_flush_step() {
  const std::int64_t threads = writers.load(std::memory_order_relaxed);
  wire::SessionHeader& header = session.header();
  if (threads < 2 || header.budget.is_set != 0) return;
  std::int64_t step = header.peak_bytes.load(std::memory_order_relaxed) / kPeakShare / threads;
  step = step < kMinStep ? 0 : std::min(step, kMaxStep);
  header.flush_step.store(static_cast<std::uint32_t>(step), std::memory_order_relaxed);
  const auto error = static_cast<std::uint64_t>(step * threads);
  if (header.peak_error_bytes.load(std::memory_order_relaxed) < error) {
    header.peak_error_bytes.store(error, std::memory_order_relaxed);
  }
}

void raise_peak(std::int64_t live) {
  wire::SessionHeader& header = session.header();
  std::int64_t peak = header.peak_bytes.load(std::memory_order_relaxed);
  while (live > peak) {
    if (!header.peak_bytes.compare_exchange_weak(peak, live, std::memory_order_relaxed)) continue;
    header.at_mark.store(1, std::memory_order_relaxed);
    header.peak_ns.store(session.now(), std::memory_order_relaxed);
    if (doubled(peak, live)) adapt_flush_step();
    return;
  }
}

}  // namespace

void flush_live_bytes(std::int64_t held_back) {
  const std::int64_t live =
      session.header().flushed_live_bytes.fetch_add(held_back, std::memory_order_relaxed) +
      held_back;
  if (held_back > 0) raise_peak(live);
}

void add_live_bytes_writer() {
  writers.fetch_add(1, std::memory_order_relaxed);
  adapt_flush_step();
}

}  // namespace heapscribe::record
