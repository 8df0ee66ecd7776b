// Brings the pauses of a session into rows of the database (wire/pauses.h).
//
// What is in a ring stays there until it is in the database: `tail` moves only in written(). A
// collector that dies in between leaves events in both, which carry the same numbers.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "preload/capture/capture_writer.h"
#include "preload/collector/counter_reader.h"
#include "preload/collector/session_view.h"

namespace heapscribe::collector {

class PauseReader {
 public:
  // `session` is the mapping of a target that may be told; empty = nobody waits for room.
  PauseReader(SessionView& view, CounterReader& reader, capture::CaptureWriter& writer,
              std::span<std::byte> session)
      : view_(view), reader_(reader), writer_(writer), session_(session) {}

  // A ring is half full of what is not in the database yet.
  bool pressed() const;
  // Reads new events. With Patience::Over also the storms that are going on.
  void collect(Patience patience);
  // What was collected, and the totals; to be called by a flush.
  void write();
  void written();

 private:
  struct Place {              // of one table's events
    std::uint64_t safe = 0;   // in the database
    std::uint64_t taken = 0;  // collected
  };

  bool take(wire::Ref source, std::uint64_t number, const wire::PauseEvent& event,
            Patience patience);

  SessionView& view_;
  CounterReader& reader_;
  capture::CaptureWriter& writer_;
  std::span<std::byte> session_;
  std::unordered_map<wire::Ref, Place> places_;  // by PauseTable
  std::vector<capture::PauseRow> rows_;
  std::uint64_t stored_ = 0, unlisted_ = 0;
};

}  // namespace heapscribe::collector
