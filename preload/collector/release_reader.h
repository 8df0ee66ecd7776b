// Where blocks were released, into table `release`. It is complete, and written, only at the end.
#pragma once

#include <vector>

#include "preload/capture/capture_writer.h"
#include "preload/collector/counter_reader.h"
#include "preload/collector/session_view.h"

namespace heapscribe::collector {

// The sums over all threads. Call after the last scan and before the flush that writes them: their
// stacks may be new to the writer. Empty unless the session was asked for them.
std::vector<capture::ReleaseRow> read_releases(const SessionView& view, CounterReader& reader);

}  // namespace heapscribe::collector
