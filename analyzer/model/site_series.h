// What sites held over time, from table site_interval: their points, and sums of sites on a grid.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::model {

// From `ns` on.
struct SitePoint {
  std::int64_t ns = 0;
  std::int64_t live_blocks = 0, live_bytes = 0;
  std::int64_t allocations = 0;  // totals so far
  std::int64_t bytes = 0;        // 0 in recordings that do not know; see knows_bytes_over_time
};

// Equally spaced readings, the first after one step.
struct Series {
  double step_seconds = 0;
  std::vector<double> live_bytes, live_blocks, allocations;

  std::size_t size() const { return live_bytes.size(); }
};

// Whether the series tell how many bytes were allocated; older recordings do not.
bool knows_bytes_over_time(CaptureReader& reader);

class SiteSeries {
 public:
  // Reads the whole table. Throws std::runtime_error with one sentence if it is damaged.
  explicit SiteSeries(CaptureReader& reader);

  // In the order of time; empty for a site that is not there.
  std::span<const SitePoint> of(SiteId site) const;
  // The last point at or before `ns`.
  static SitePoint at(std::span<const SitePoint> points, std::int64_t ns);
  Series sum(std::span<const SiteId> sites, std::int64_t step_ns, std::size_t steps) const;
  // When all sites together held most, after `from` and up to `to`; nothing if no reading is from
  // then.
  std::optional<std::int64_t> fullest(std::int64_t from, std::int64_t to) const;

 private:
  std::unordered_map<std::int64_t, std::vector<SitePoint>> points_;
};

}  // namespace heapscribe::model
