// The exact high-water mark without an event log.
//
// The process keeps its live bytes in the session header. While they rise to new maxima the rows
// hold the state at the peak as they are (`at_mark`). The first event that lowers them leaves the
// mark: `epoch` advances, and from then on a row that is about to change first notes its live bytes
// if its own epoch is older: a lazy copy of the state at the peak. Rows that have not changed since
// hold it anyway.
//
// With one thread every event is added at once and the peak is exact. With several, a thread holds
// back up to `flush_step` bytes, so that they do not all write to one line: the peak may be off by
// that much per thread (a thousandth of the peak in all), and `peak_error_bytes` says so. With a
// budget nothing is held back.
#pragma once

#include <sys/single_threaded.h>

#include "preload/record/session.h"
#include "preload/wire/session.h"

namespace heapscribe::record {

// Call before an event that lowers the live bytes changes any row.
inline void leave_mark(wire::SessionHeader& header) {
  if (header.at_mark.load(std::memory_order_relaxed) == 0) return;
  header.epoch.fetch_add(1, std::memory_order_relaxed);
  header.at_mark.store(0, std::memory_order_relaxed);
}

// Call before the row's counters change.
inline void note_state_at_peak(wire::SiteRow& row, const wire::SessionHeader& header) {
  const std::uint32_t epoch = header.epoch.load(std::memory_order_relaxed);
  if (row.epoch.load(std::memory_order_relaxed) == epoch) return;
  if (header.at_mark.load(std::memory_order_relaxed) != 0) return;
  const auto value = [](const std::atomic<std::uint64_t>& counter) {
    return static_cast<std::int64_t>(counter.load(std::memory_order_relaxed));
  };
  row.peak_bytes.store(value(row.allocated_bytes) - value(row.freed_bytes),
                       std::memory_order_relaxed);
  row.peak_blocks.store(value(row.allocations) - value(row.frees), std::memory_order_relaxed);
  row.epoch.store(epoch, std::memory_order_relaxed);
}

// Adds `held_back` bytes of a thread to the process and moves the mark if they make a new maximum.
void flush_live_bytes(std::int64_t held_back);

// The same while the process has one thread only: nobody else writes.
inline void add_live_bytes_alone(wire::SessionHeader& header, std::int64_t bytes) {
  const std::int64_t live = header.flushed_live_bytes.load(std::memory_order_relaxed) + bytes;
  header.flushed_live_bytes.store(live, std::memory_order_relaxed);
  if (live <= header.peak_bytes.load(std::memory_order_relaxed)) return;
  header.peak_bytes.store(live, std::memory_order_relaxed);
  header.peak_ns.store(session.now(), std::memory_order_relaxed);
  header.at_mark.store(1, std::memory_order_relaxed);
}

// True while no second thread was ever made. glibc changes it before it makes one.
inline bool is_single_threaded() {
  return __libc_single_threaded != 0;
}

// One more thread may hold bytes back: decides anew how many.
void add_live_bytes_writer();

}  // namespace heapscribe::record
