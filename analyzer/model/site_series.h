// What sites held over time, from table site_interval: their points, and sums of sites on a grid.
#pragma once

#include <cstdint>
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
};

// Equally spaced readings, the first after one step.
struct Series {
  double step_seconds = 0;
  std::vector<double> live_bytes, live_blocks, allocations;

  std::size_t size() const { return live_bytes.size(); }
};

class SiteSeries {
 public:
  // Reads the whole table. Throws std::runtime_error with one sentence if it is damaged.
  explicit SiteSeries(CaptureReader& reader);

  // In the order of time; empty for a site that is not there.
  std::span<const SitePoint> of(SiteId site) const;
  // The last point at or before `ns`.
  static SitePoint at(std::span<const SitePoint> points, std::int64_t ns);
  Series sum(std::span<const SiteId> sites, std::int64_t step_ns, std::size_t steps) const;

 private:
  std::unordered_map<std::int64_t, std::vector<SitePoint>> points_;
};

}  // namespace heapscribe::model
