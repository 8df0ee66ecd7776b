#include "analyzer/reports/utilization.h"

#include <algorithm>

namespace heapscribe::reports {
namespace {

// How much of [0, at) is paused.
class PausedTime {
 public:
  explicit PausedTime(const std::vector<Interval>& pauses) : pauses_(pauses) {
    sums_.reserve(pauses.size() + 1);
    sums_.push_back(0);
    for (const Interval& pause : pauses) sums_.push_back(sums_.back() + pause.end - pause.begin);
  }
  std::int64_t until(std::int64_t at) const {
    const auto next = std::partition_point(
        pauses_.begin(), pauses_.end(), [at](const Interval& pause) { return pause.begin < at; });
    const auto index = static_cast<std::size_t>(next - pauses_.begin());
    if (index == 0) return 0;
    return sums_[index] - std::max<std::int64_t>(pauses_[index - 1].end - at, 0);
  }

 private:
  const std::vector<Interval>& pauses_;
  std::vector<std::int64_t> sums_;  // sums_[i] = length of the first i
};

}  // namespace

std::vector<Interval> united(std::vector<Interval> intervals) {
  std::erase_if(intervals, [](const Interval& one) { return one.end <= one.begin; });
  std::sort(intervals.begin(), intervals.end(),
            [](const Interval& left, const Interval& right) { return left.begin < right.begin; });
  std::vector<Interval> result;
  for (const Interval& one : intervals) {
    if (result.empty() || one.begin > result.back().end) {
      result.push_back(one);
    } else {
      result.back().end = std::max(result.back().end, one.end);
    }
  }
  return result;
}

// What a window holds is linear in its place between the places where one of its ends meets the end
// of a pause. It is most where the window begins with a pause or ends with one.
double minimum_utilization(const std::vector<Interval>& pauses, std::int64_t run,
                           std::int64_t window) {
  if (run <= 0) return 1;
  const std::int64_t length = std::clamp<std::int64_t>(window, 1, run);
  const PausedTime paused(pauses);
  std::int64_t most = 0;
  const auto look = [&](std::int64_t begin) {
    const std::int64_t from = std::clamp<std::int64_t>(begin, 0, run - length);
    most = std::max(most, paused.until(from + length) - paused.until(from));
  };
  for (const Interval& pause : pauses) {
    look(pause.begin);
    look(pause.end - length);
  }
  return 1 - static_cast<double>(most) / static_cast<double>(length);
}

}  // namespace heapscribe::reports
