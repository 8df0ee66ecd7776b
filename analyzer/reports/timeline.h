// The process over time, at any resolution.
#pragma once

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

}  // namespace heapscribe::reports
