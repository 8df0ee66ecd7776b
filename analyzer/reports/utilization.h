// Minimum mutator utilization, as Cheng and Blelloch define it ("A Parallel, Real-Time Garbage
// Collector", PLDI 2001): of all windows of a length within the run, the one in which the program
// had least of the time for itself, and how much that was.
#pragma once

#include <cstdint>
#include <vector>

namespace heapscribe::reports {

// [begin, end), in ns.
struct Interval {
  std::int64_t begin = 0, end = 0;
};

// Sorted, and those that overlap or touch as one.
std::vector<Interval> united(std::vector<Interval> intervals);

// Exact, for intervals as united() returns them and a run of [0, run). A window that is longer than
// the run stands for the whole run.
double minimum_utilization(const std::vector<Interval>& pauses, std::int64_t run,
                           std::int64_t window);

}  // namespace heapscribe::reports
