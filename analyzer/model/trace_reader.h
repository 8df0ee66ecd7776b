// The full event trace of a recording (`run --trace`), pulled event by event in global order.
//
//   TraceReader trace(recording);
//   for (TraceEvent event; trace.next(event);) ...
//
// Order: by the number that every event took in the program. For one address a release comes before
// the next allocation, so an address is live at most once. A realloc comes as two events, since
// another thread may be given the old address in between: ReallocBegin, where the old block is
// given up, and Realloc, where the new one is there; Realloc names both addresses and counts as the
// event. Whoever replays calls frees the old block at ReallocBegin, or keeps it by thread until
// Realloc.
//
// Gaps: events that could not be traced are announced where the first of them belongs. What was
// lost is unknown: addresses may be allocated twice or released twice afterwards.
//
// Memory: one chunk of each thread that is active at the place of reading.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::model {

enum class TraceEventKind { Allocation, Release, ReallocBegin, Realloc, Gap };

struct TraceEvent {
  TraceEventKind kind = TraceEventKind::Gap;
  std::uint64_t number = 0;  // of a gap: that of its first event, as far as known
  std::int64_t ns = 0;       // since the start, in steps of about 10 ms
  std::int64_t thread = 0;
  std::uint64_t address = 0;      // ReallocBegin: the old block's
  std::uint64_t old_address = 0;  // Realloc
  std::uint64_t size = 0;         // requested; Allocation, Realloc
  std::int64_t site = 0;          // Allocation, Realloc; 0 = unknown
  std::uint64_t last = 0;         // Gap: the number of its last event, as far as known
  std::uint64_t lost = 0;         // Gap: how many events
};

// What the chunks say they hold.
struct TraceTotals {
  Count events;  // without lost ones
  Count lost;
  Count chunks;
  Count threads;
  Bytes stored;
};

bool has_trace(CaptureReader& recording);

class TraceReader {
 public:
  // Throws std::runtime_error with one sentence if there is no trace. The recording must outlive
  // the reader.
  explicit TraceReader(CaptureReader& recording);
  ~TraceReader();
  TraceReader(const TraceReader&) = delete;
  TraceReader& operator=(const TraceReader&) = delete;

  const TraceTotals& totals() const { return totals_; }
  // Session time at which a trace under `--trace-full degrade` ended.
  std::optional<std::int64_t> ended_at() const { return ended_at_; }

  // False at the end. Throws std::runtime_error with one sentence for a damaged chunk.
  bool next(TraceEvent& event);

 private:
  class Chunk;

  void read_totals();
  void read_sites();
  void look_ahead();
  void open_chunks();
  void push(std::unique_ptr<Chunk> chunk);

  CaptureReader& recording_;
  TraceTotals totals_;
  std::optional<std::int64_t> ended_at_;
  std::unordered_map<std::uint32_t, std::int64_t> sites_;  // by row
  capture::Statement chunks_;
  std::unique_ptr<Chunk> ahead_;              // not open yet; nullptr = there are no more
  std::vector<std::unique_ptr<Chunk>> open_;  // a heap, the smallest number first
};

}  // namespace heapscribe::model
