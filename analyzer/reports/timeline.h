// The process over time, at any resolution.
#pragma once

#include <optional>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::reports {

struct TimelineStep {
  model::Bytes live;      // highest value within the step
  model::Bytes resident;  // resident set, highest value within the step
};

// The run in `steps` equal parts; empty if nothing was sampled. A part without a sample repeats the
// one before.
std::vector<TimelineStep> summarize_timeline(model::CaptureReader& reader, std::size_t steps);

// A reading of the process.
struct TimelinePoint {
  model::Nanoseconds at;
  model::Bytes live, resident;  // resident 0 = not known
  model::Count live_blocks;
  model::Count allocations, frees;  // so far
  model::Bytes bytes;               // so far
};

// All that are stored, or of as many equal parts of the run as `most` the fullest of each.
std::vector<TimelinePoint> timeline_points(model::CaptureReader& reader,
                                           std::optional<std::int64_t> most);

}  // namespace heapscribe::reports
