#include "analyzer/reports/timeline.h"

#include <algorithm>
#include <optional>

#include "analyzer/queries/queries.h"

namespace heapscribe::reports {

std::vector<TimelineStep> summarize_timeline(model::CaptureReader& reader, std::size_t steps) {
  std::vector<std::optional<TimelineStep>> parts(steps);
  bool sampled = false;
  auto rows = reader.database().prepare(queries::timeline);
  rows.bind(1, static_cast<std::int64_t>(steps));
  while (rows.step()) {
    const std::int64_t last = static_cast<std::int64_t>(steps) - 1;
    const auto part = static_cast<std::size_t>(std::clamp<std::int64_t>(rows.integer(0), 0, last));
    parts[part] = TimelineStep{{rows.integer(1)}, {rows.integer(2)}};
    sampled = true;
  }
  std::vector<TimelineStep> timeline;
  if (!sampled) return timeline;
  TimelineStep previous;
  for (const auto& part : parts) {
    previous = part.value_or(previous);
    timeline.push_back(previous);
  }
  return timeline;
}

namespace {

std::vector<TimelinePoint> fullest_of_parts(const std::vector<TimelinePoint>& points,
                                            std::int64_t parts) {
  const std::int64_t span = std::max<std::int64_t>(points.back().at.value, 1);
  std::vector<TimelinePoint> chosen;
  std::int64_t last_part = -1;
  for (const TimelinePoint& point : points) {
    // Not in whole numbers: a product of nanoseconds and parts need not fit.
    const auto part = std::min<std::int64_t>(
        static_cast<std::int64_t>(static_cast<double>(point.at.value) / static_cast<double>(span) *
                                  static_cast<double>(parts)),
        parts - 1);
    if (part != last_part) {
      chosen.push_back(point);
    } else if (point.live.value > chosen.back().live.value) {
      chosen.back() = point;
    }
    last_part = part;
  }
  return chosen;
}

}  // namespace

std::vector<TimelinePoint> timeline_points(model::CaptureReader& reader,
                                           std::optional<std::int64_t> most) {
  std::vector<TimelinePoint> points;
  auto rows = reader.database().prepare(queries::timeline_points);
  while (rows.step()) {
    points.push_back({.at = {rows.integer(0)},
                      .live = {rows.integer(1)},
                      .resident = {rows.integer(6)},
                      .live_blocks = {rows.integer(2)},
                      .allocations = {rows.integer(3)},
                      .frees = {rows.integer(5)},
                      .bytes = {rows.integer(4)}});
  }
  if (!most || static_cast<std::int64_t>(points.size()) <= *most) return points;
  return fullest_of_parts(points, *most);
}

}  // namespace heapscribe::reports
