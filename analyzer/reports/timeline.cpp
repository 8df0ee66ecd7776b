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

}  // namespace heapscribe::reports
