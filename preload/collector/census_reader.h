// What the census found, into the recording: classes of live blocks and who holds them.
#pragma once

#include <vector>

#include "preload/capture/capture_writer.h"
#include "preload/collector/counter_reader.h"
#include "preload/collector/session_view.h"

namespace heapscribe::collector {

// Waits until the copy of the program that takes the census is ready, dies, or makes no progress.
void await_census(const wire::SessionHeader& header);

struct CensusFindings {
  std::vector<capture::BlockClassRow> classes;
  std::vector<capture::HolderRow> holders;
};
// Call after the last scan and before the flush that writes it: sites may be new to the writer.
CensusFindings read_census(const SessionView& view, CounterReader& reader,
                           capture::CaptureWriter& writer);

}  // namespace heapscribe::collector
