// What matters most about a run: at most one finding of each kind, each about one place in the
// program, significant by the thresholds of rules.def. What gets worse by itself comes first.
#pragma once

#include <optional>
#include <vector>

#include "analyzer/reports/locations.h"
#include "analyzer/reports/rules.h"

namespace heapscribe::reports {

enum class FindingKind {
  Lost,          // most bytes that no pointer leads to
  SteadyGrowth,  // grows fastest, to the end of what was seen
  PeakHolder,    // held most of the peak
  Temporary,     // most blocks freed at once; calls that reusing one buffer a stack would save
  Growth,        // most calls spent on making blocks larger
  NeverFreed,    // most bytes alive at the end
  MostCalls,     // most allocation calls
  Slack,         // over the whole run: lost to the allocator's rounding
};

struct Finding {
  FindingKind kind = FindingKind::PeakHolder;
  double share = 0;                     // of the total that the kind is about
  Location location;                    // for Slack: the whole run; not for Lost, SteadyGrowth
  const model::Frame* frame = nullptr;  // null for Slack
  model::Count saved_calls;             // what could be saved at most, where that can be computed
  model::Bytes bytes;                   // lost, or an hour of steady growth
  model::Count blocks;                  // lost
  std::optional<model::Nanoseconds> checked_at;  // Lost: before the end, at somebody's wish
  std::optional<double> seconds_until_full;      // SteadyGrowth: at this rate of all that grows
};

// Lost, SteadyGrowth, then the largest share first. Selects all sites.
std::vector<Finding> find_findings(model::CaptureReader& reader,
                                   const std::vector<Location>& locations, const Rules& rules);

}  // namespace heapscribe::reports
