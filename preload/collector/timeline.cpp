#include "preload/collector/timeline.h"

#include <algorithm>
#include <utility>

namespace heapscribe::collector {
namespace {

using capture::TimelinePoint;

bool same_values(const TimelinePoint& left, const TimelinePoint& right) {
  return left.live_bytes == right.live_bytes && left.live_blocks == right.live_blocks &&
         left.allocations == right.allocations && left.bytes == right.bytes &&
         left.frees == right.frees && left.rss_bytes == right.rss_bytes;
}

void merge(TimelinePoint& point, const TimelinePoint& later) {
  point.live_bytes = std::max(point.live_bytes, later.live_bytes);
  point.live_blocks = std::max(point.live_blocks, later.live_blocks);
  point.rss_bytes = std::max(point.rss_bytes, later.rss_bytes);
  point.allocations = later.allocations;
  point.bytes = later.bytes;
  point.frees = later.frees;
}

}  // namespace

void Timeline::add(const TimelinePoint& sample) {
  TimelinePoint point = sample;
  point.ns -= point.ns % step_;
  const std::size_t size = points_.size();
  if (size > 0 && point.ns <= points_.back().ns) {
    merge(points_.back(), point);
  } else if (size > 1 && same_values(points_[size - 2], points_.back()) &&
             same_values(points_.back(), point)) {
    points_.back().ns = point.ns;
  } else {
    points_.push_back(point);
  }
  if (points_.size() > kMostPoints) halve();
}

void Timeline::halve() {
  step_ *= 2;
  const std::vector<TimelinePoint> before = std::move(points_);
  points_.clear();
  for (TimelinePoint point : before) {
    point.ns -= point.ns % step_;
    if (!points_.empty() && points_.back().ns == point.ns) {
      merge(points_.back(), point);
    } else {
      points_.push_back(point);
    }
  }
  streamed_ = 0;
  restarted_ = true;
  if (points_.size() > kMostPoints) halve();
}

void Timeline::stream(capture::CaptureWriter& writer, bool complete) {
  if (restarted_) writer.clear_timeline();
  restarted_ = false;
  std::size_t end = points_.size();
  const bool flat = end > 1 && same_values(points_[end - 2], points_[end - 1]);
  if (flat && !complete) --end;
  for (std::size_t index = streamed_; index < end; ++index) writer.add_point(points_[index]);
  // The last point may still grow.
  streamed_ = points_.empty() ? 0 : std::min(end, points_.size() - 1);
  writer.set_recording("timeline_step_ns", static_cast<std::int64_t>(step_));
}

void SiteTimeline::resume(std::uint64_t step) {
  step_ = std::max(step, kBaseStep);
}

void SiteTimeline::note(capture::SiteId site) {
  if (latest_.size() <= site) latest_.resize(site + std::size_t{1});
  if (!std::exchange(latest_[site].changed, true)) changed_.push_back(site);
}

void SiteTimeline::close_interval(const capture::CaptureWriter& writer, std::uint64_t now_ns) {
  if (changed_.empty()) return;
  begin_interval((now_ns + step_ - 1) / step_ * step_);
  put_changes(writer);
}

// The step at hand ends early; what comes after begins it anew.
void SiteTimeline::close_interval_at(const capture::CaptureWriter& writer, std::uint64_t ns) {
  const std::size_t count = intervals_.size();
  const bool is_under_way = count > 0 && intervals_.back().ns > ns;
  if (is_under_way && (count == 1 || intervals_[count - 2].ns < ns)) intervals_.back().ns = ns;
  if (changed_.empty()) return;
  begin_interval(ns);
  put_changes(writer);
}

void SiteTimeline::put_changes(const capture::CaptureWriter& writer) {
  for (const capture::SiteId site : changed_) {
    latest_[site].changed = false;
    const capture::Counters& sum = writer.site_counters(site);
    put({.site = site,
         .live_blocks = sum.live_blocks(),
         .live_bytes = sum.live_bytes(),
         .allocations = sum.allocations,
         .bytes = sum.bytes});
  }
  changed_.clear();
  // A series of many sites is long from the start.
  if (count_ > std::max(most_points_, 4 * latest_.size())) thin_out();
}

void SiteTimeline::begin_interval(std::uint64_t ns) {
  if (intervals_.empty() || intervals_.back().ns < ns) intervals_.push_back({.ns = ns});
}

// Into the last interval, in place of an earlier point of the same site.
void SiteTimeline::put(const capture::SitePoint& point) {
  std::vector<capture::SitePoint>& points = intervals_.back().points;
  Latest& latest = latest_[point.site];
  if (std::exchange(latest.interval, intervals_.size()) == intervals_.size()) {
    points[latest.point] = point;
    return;
  }
  latest.point = static_cast<std::uint32_t>(points.size());
  points.push_back(point);
  ++count_;
}

void SiteTimeline::thin_out() {
  step_ *= 2;
  count_ = 0;
  streamed_ = 0;
  restarted_ = true;
  for (Latest& latest : latest_) latest.interval = 0;
  const std::vector<capture::SiteInterval> before = std::move(intervals_);
  intervals_.clear();
  for (const capture::SiteInterval& interval : before) {
    begin_interval((interval.ns + step_ - 1) / step_ * step_);
    for (const capture::SitePoint& point : interval.points) put(point);
  }
}

void SiteTimeline::stream(capture::CaptureWriter& writer, bool complete) {
  if (std::exchange(restarted_, false)) writer.clear_site_timeline();
  const std::size_t closed = intervals_.empty() ? 0 : intervals_.size() - 1;
  const std::size_t end = complete ? intervals_.size() : closed;
  for (std::size_t index = streamed_; index < end; ++index) writer.add_interval(intervals_[index]);
  streamed_ = closed;
  writer.set_recording("site_timeline_step_ns", static_cast<std::int64_t>(step_));
}

}  // namespace heapscribe::collector
