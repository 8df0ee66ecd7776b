// Series that halve their resolution instead of growing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "preload/capture/capture_writer.h"

namespace heapscribe::collector {

// The process over time: one point a step, at the multiple of the step where it begins. Live heap
// and resident set are the highest of the step, totals the last. Of a run of equal points only the
// first and the last are kept.
class Timeline {
 public:
  static constexpr std::uint64_t kBaseStep = 10'000'000;  // 10 ms
  static constexpr std::size_t kMostPoints = 2048;

  void add(const capture::TimelinePoint& sample);
  std::uint64_t step() const { return step_; }
  const std::vector<capture::TimelinePoint>& points() const { return points_; }

  // Hands what changed since the last call to the writer. The end of a run of equal points is held
  // back until the run is over, or `complete` asks for it.
  void stream(capture::CaptureWriter& writer, bool complete = false);

 private:
  void halve();

  std::uint64_t step_ = kBaseStep;
  std::vector<capture::TimelinePoint> points_;
  std::size_t streamed_ = 0;  // points that will not change any more and were handed over
  bool restarted_ = false;    // all points handed over so far are void
};

// The live heap of every site over time, sparse: a point says "from here on". The points live in
// the database only; this class decides where they go and when there are too many of them.
class SiteTimeline {
 public:
  static constexpr std::uint64_t kBaseStep = 100'000'000;  // 100 ms
  static constexpr std::size_t kMostPoints = 400'000;

  explicit SiteTimeline(std::size_t most_points = kMostPoints) : most_points_(most_points) {}
  // Goes on with a series that the database holds.
  void resume(std::uint64_t step, std::size_t points);

  // The site's numbers have changed.
  void note(capture::SiteId site);
  // Gives every site that changed since the last call a point with its numbers of now.
  void close_interval(capture::CaptureWriter& writer, std::uint64_t now_ns);
  // Call before the writer's flush: if there are too many points, the step doubles.
  void before_flush(capture::CaptureWriter& writer);
  // Call after a flush that succeeded.
  void after_flush(capture::CaptureWriter& writer);
  std::uint64_t step() const { return step_; }
  std::size_t points() const { return count_; }

 private:
  std::size_t most_points_;
  std::uint64_t step_ = kBaseStep;
  std::size_t count_ = 0;
  bool thinning_ = false;
  std::vector<capture::SiteId> changed_;
  struct Latest {
    std::uint64_t ns = UINT64_MAX;
    bool changed = false;  // it is in changed_
  };
  std::vector<Latest> latest_;  // by site
};

}  // namespace heapscribe::collector
