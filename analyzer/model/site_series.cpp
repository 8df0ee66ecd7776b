#include "analyzer/model/site_series.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "analyzer/queries/queries.h"
#include "preload/capture/site_points.h"

namespace heapscribe::model {
namespace {

void add(std::vector<double>& changes, std::size_t at, std::int64_t change) {
  changes[at] += static_cast<double>(change);
}

void add_up(std::vector<double>& changes) {
  for (std::size_t at = 1; at < changes.size(); ++at) changes[at] += changes[at - 1];
}

}  // namespace

bool knows_bytes_over_time(CaptureReader& reader) {
  constexpr std::int64_t kNumbers = 5;
  return reader.database().integer(
             "SELECT ifnull((SELECT json_array_length(points, '$[0]') FROM site_interval "
             "LIMIT 1), 0)") >= kNumbers;
}

SiteSeries::SiteSeries(CaptureReader& reader) {
  auto rows = reader.database().prepare(queries::site_intervals);
  while (rows.step()) {
    const std::int64_t ns = rows.integer(0);
    const bool sound = capture::for_each_row(rows.text(1), [&](auto numbers) {
      points_[numbers[0]].push_back({ns, numbers[1], numbers[2], numbers[3], numbers[4]});
    });
    if (!sound) {
      throw std::runtime_error("'" + reader.path() + "' is damaged: a series of its sites is cut");
    }
  }
}

std::span<const SitePoint> SiteSeries::of(SiteId site) const {
  const auto found = points_.find(site.value);
  return found == points_.end() ? std::span<const SitePoint>() : found->second;
}

SitePoint SiteSeries::at(std::span<const SitePoint> points, std::int64_t ns) {
  const auto after = std::upper_bound(
      points.begin(), points.end(), ns,
      [](std::int64_t moment, const SitePoint& point) { return moment < point.ns; });
  return after == points.begin() ? SitePoint{} : *(after - 1);
}

std::optional<std::int64_t> SiteSeries::fullest(std::int64_t from, std::int64_t to) const {
  std::map<std::int64_t, std::int64_t> changes;  // of all sites, by time
  for (const auto& [site, points] : points_) {
    std::int64_t before = 0;
    for (const SitePoint& point : points) {
      changes[point.ns] += point.live_bytes - before;
      before = point.live_bytes;
    }
  }
  std::optional<std::int64_t> at;
  std::int64_t held = 0;
  std::int64_t most = 0;
  for (const auto& [ns, change] : changes) {
    held += change;
    if (ns <= from || ns > to || (at && held <= most)) continue;
    at = ns;
    most = held;
  }
  return at;
}

Series SiteSeries::sum(std::span<const SiteId> sites, std::int64_t step_ns,
                       std::size_t steps) const {
  Series series;
  series.step_seconds = static_cast<double>(step_ns) / 1e9;
  for (auto* values : {&series.live_bytes, &series.live_blocks, &series.allocations}) {
    values->assign(steps, 0);
  }
  for (const SiteId site : sites) {
    SitePoint before;
    for (const SitePoint& point : of(site)) {
      // A reading is known from the first step at or after it.
      const std::int64_t step = std::max<std::int64_t>((point.ns + step_ns - 1) / step_ns, 1) - 1;
      const auto at = static_cast<std::size_t>(step);
      if (at >= steps) break;
      add(series.live_bytes, at, point.live_bytes - before.live_bytes);
      add(series.live_blocks, at, point.live_blocks - before.live_blocks);
      add(series.allocations, at, point.allocations - before.allocations);
      before = point;
    }
  }
  for (auto* values : {&series.live_bytes, &series.live_blocks, &series.allocations}) {
    add_up(*values);
  }
  return series;
}

}  // namespace heapscribe::model
