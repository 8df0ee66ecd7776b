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

// The live heap of every site over time, sparse: a point says "from here on". A step is handed to
// the writer when the next one begins. When there are too many points the step doubles, and points
// move up to its multiples.
class SiteTimeline {
 public:
  static constexpr std::uint64_t kBaseStep = 100'000'000;  // 100 ms
  static constexpr std::size_t kMostPoints = 200'000;

  explicit SiteTimeline(std::size_t most_points = kMostPoints) : most_points_(most_points) {}
  // Goes on with a series that the database holds, and leaves that as it is.
  void resume(std::uint64_t step);

  // The site's numbers have changed.
  void note(capture::SiteId site);
  // Gives every site that changed since the last call a point with its numbers of now.
  void close_interval(const capture::CaptureWriter& writer, std::uint64_t now_ns);
  // The same at a moment that somebody may ask for, as exactly as it is known: not at the end of
  // the step.
  void close_interval_at(const capture::CaptureWriter& writer, std::uint64_t ns);
  // Hands what is new to the writer; `complete` = the last step too.
  void stream(capture::CaptureWriter& writer, bool complete = false);
  std::uint64_t step() const { return step_; }
  std::size_t points() const { return count_; }

 private:
  void begin_interval(std::uint64_t ns);
  void put_changes(const capture::CaptureWriter& writer);
  void put(const capture::SitePoint& point);
  void thin_out();

  std::size_t most_points_;
  std::uint64_t step_ = kBaseStep;
  std::size_t count_ = 0;
  std::vector<capture::SiteInterval> intervals_;  // the last one may still grow
  std::size_t streamed_ = 0;  // intervals that were handed over and will not change any more
  bool restarted_ = false;    // all that was handed over is void
  std::vector<capture::SiteId> changed_;
  struct Latest {
    std::size_t interval = 0;  // that of its last point, counted from 1
    std::uint32_t point = 0;   // index in it
    bool changed = false;      // it is in changed_
  };
  std::vector<Latest> latest_;  // by site
};

}  // namespace heapscribe::collector
