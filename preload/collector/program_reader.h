// Reads what the program says of itself (wire/program.h) into the writer: names and entries of
// sections, markers, and how long recording was paused. What was allocated in sections comes with
// the rows (counter_reader.h). The collector's main thread owns the reader.
#pragma once

#include <vector>

#include "preload/capture/capture_writer.h"
#include "preload/collector/session_view.h"

namespace heapscribe::collector {

class ProgramReader {
 public:
  ProgramReader(const SessionView& view, capture::CaptureWriter& writer)
      : view_(view), writer_(writer) {}

  // What is new; the view is up to date. `now_ns` is session time.
  void collect(std::uint64_t now_ns);

 private:
  void read_sections();
  void read_markers();
  void read_interruption(std::uint64_t now_ns);

  const SessionView& view_;
  capture::CaptureWriter& writer_;
  std::vector<wire::Ref> sections_;
  wire::Ref newest_section_ = wire::kNoRef, newest_marker_ = wire::kNoRef;
};

}  // namespace heapscribe::collector
