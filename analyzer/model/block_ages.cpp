#include "analyzer/model/block_ages.h"

#include <algorithm>

namespace heapscribe::model {
namespace {

constexpr double kSecond = 1e9;

double seconds_between(std::int64_t begin_ns, std::int64_t end_ns) {
  return static_cast<double>(std::max<std::int64_t>(end_ns - begin_ns, 0)) / kSecond;
}

// A point says what was so at the end of its step.
double quiet_seconds(const std::vector<SitePoint>& series, std::int64_t first_ns,
                     std::int64_t end_ns) {
  const std::int64_t all = series.back().allocations;
  if (all == 1) return seconds_between(first_ns, end_ns);
  const auto last = std::find_if(series.begin(), series.end(),
                                 [all](const SitePoint& at) { return at.allocations == all; });
  return seconds_between(last->ns, end_ns);
}

// The series says what was alive up to each point; before its first one nothing was.
Ages ages_of(std::span<const SitePoint> points, std::int64_t first_ns, std::int64_t end_ns) {
  std::vector<SitePoint> series(points.begin(), points.end());
  Ages ages;
  for (SitePoint& point : series) point.ns = std::min(point.ns, end_ns);
  const double whole = seconds_between(first_ns, end_ns);
  if (series.empty() || series.back().live_blocks <= 0) return {whole, whole, false, 0};
  const SitePoint last = series.back();
  if (last.ns < end_ns)
    series.push_back({end_ns, last.live_blocks, last.live_bytes, last.allocations});
  const auto alive = static_cast<double>(last.live_blocks);
  double oldest = 0;
  double youngest = 0;
  std::int64_t least = last.live_blocks;
  for (std::size_t i = series.size(); i-- > 0;) {
    const std::int64_t begin = i > 0 ? series[i - 1].ns : std::min(first_ns, series[i].ns);
    const double seconds = static_cast<double>(series[i].ns - begin) / kSecond;
    const std::int64_t live_before = i > 0 ? series[i - 1].live_blocks : 0;
    const std::int64_t made_before = i > 0 ? series[i - 1].allocations : 0;
    // Within a step the change is taken to be even.
    const std::int64_t before = std::min(least, live_before);
    oldest += seconds * static_cast<double>(before + std::min(least, series[i].live_blocks)) / 2;
    const auto kept = [&](std::int64_t made) {
      return static_cast<double>(
          std::max<std::int64_t>(0, last.live_blocks - (last.allocations - made)));
    };
    youngest += seconds * (kept(made_before) + kept(series[i].allocations)) / 2;
    least = before;
  }
  ages.quiet = quiet_seconds(series, first_ns, end_ns);
  ages.oldest = oldest / alive;
  ages.youngest = std::min(youngest / alive, ages.oldest);
  const std::int64_t half = first_ns + (end_ns - first_ns) / 2;
  std::int64_t live_at_half = 0;
  std::int64_t least_after = last.live_blocks;
  for (const SitePoint& point : series) {
    if (point.ns <= half) live_at_half = point.live_blocks;
    if (point.ns > half) least_after = std::min(least_after, point.live_blocks);
  }
  ages.grows =
      series.size() >= 4 && live_at_half * 2 <= last.live_blocks && least_after >= live_at_half;
  return ages;
}

// What was known by then.
std::span<const SitePoint> up_to(std::span<const SitePoint> points, Nanoseconds moment) {
  const auto behind =
      std::partition_point(points.begin(), points.end(),
                           [&](const SitePoint& point) { return point.ns <= moment.value; });
  return points.first(static_cast<std::size_t>(behind - points.begin()));
}

}  // namespace

Ages ages_at(Nanoseconds moment, std::span<const SitePoint> points, std::int64_t first_ns) {
  return ages_of(up_to(points, moment), first_ns, moment.value);
}

}  // namespace heapscribe::model
