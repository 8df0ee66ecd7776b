#include "preload/collector/timeline.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/session_builder.h"

namespace heapscribe::collector {
namespace {

using capture::TimelinePoint;

constexpr std::uint64_t kStep = Timeline::kBaseStep;

TimelinePoint at(std::uint64_t ns, std::int64_t live, std::uint64_t allocations = 0) {
  TimelinePoint point;
  point.ns = ns;
  point.live_bytes = live;
  point.allocations = allocations;
  return point;
}

class TimelineInDatabase : public ::testing::Test {
 protected:
  std::int64_t value(const char* sql) { return database_.integer(sql); }
  void stream(bool complete = false) {
    timeline_.stream(writer_, complete);
    writer_.flush();
  }

  capture::Database database_ = tests::empty_recording();
  capture::CaptureWriter writer_{database_};
  Timeline timeline_;
};

TEST(Timeline, KeepsTheHighestOfAStep) {
  Timeline timeline;
  timeline.add(at(0, 10, 1));
  timeline.add(at(kStep / 2, 50, 2));
  timeline.add(at(kStep - 1, 20, 3));
  ASSERT_EQ(timeline.points().size(), 1U);
  EXPECT_EQ(timeline.points()[0].live_bytes, 50);
  EXPECT_EQ(timeline.points()[0].allocations, 3U);
}

TEST(Timeline, HalvesItsResolutionInsteadOfGrowing) {
  Timeline timeline;
  const std::uint64_t samples = Timeline::kMostPoints * 5;
  for (std::uint64_t sample = 0; sample < samples; ++sample) {
    timeline.add(at(sample * kStep, static_cast<std::int64_t>(sample % 1000), sample));
  }
  EXPECT_EQ(timeline.step(), 8 * kStep);
  EXPECT_LE(timeline.points().size(), Timeline::kMostPoints);
  EXPECT_GE(timeline.points().size(), Timeline::kMostPoints / 2);
  EXPECT_EQ(timeline.points().back().allocations, samples - 1);
  for (const TimelinePoint& point : timeline.points()) EXPECT_EQ(point.ns % timeline.step(), 0U);
}

TEST(Timeline, AHalvedSeriesStillHasTheHighest) {
  Timeline timeline;
  for (std::uint64_t sample = 0; sample < Timeline::kMostPoints * 3; ++sample) {
    timeline.add(at(sample * kStep,
                    sample == 1001 ? 777 : 1 + static_cast<std::int64_t>(sample % 2), sample));
  }
  std::int64_t highest = 0;
  for (const TimelinePoint& point : timeline.points())
    highest = std::max(highest, point.live_bytes);
  EXPECT_EQ(highest, 777);
}

TEST(Timeline, ARunOfEqualPointsKeepsFirstAndLast) {
  Timeline timeline;
  for (std::uint64_t sample = 0; sample < 100; ++sample) timeline.add(at(sample * kStep, 5));
  ASSERT_EQ(timeline.points().size(), 2U);
  EXPECT_EQ(timeline.points()[1].ns, 99 * kStep);
  timeline.add(at(100 * kStep, 6));
  EXPECT_EQ(timeline.points().size(), 3U);
}

TEST_F(TimelineInDatabase, HoldsWhatTheSeriesHolds) {
  for (std::uint64_t sample = 0; sample < Timeline::kMostPoints * 3; ++sample) {
    timeline_.add(at(sample * kStep, static_cast<std::int64_t>(sample % 77)));
    if (sample % 50 == 0) stream();
  }
  stream(true);
  EXPECT_EQ(value("SELECT count(*) FROM timeline"),
            static_cast<std::int64_t>(timeline_.points().size()));
  EXPECT_EQ(value("SELECT max(ns) FROM timeline"),
            static_cast<std::int64_t>(timeline_.points().back().ns));
  EXPECT_EQ(value("SELECT value FROM recording WHERE key = 'timeline_step_ns'"),
            static_cast<std::int64_t>(timeline_.step()));
}

TEST_F(TimelineInDatabase, TheEndOfAFlatRunIsWrittenOnce) {
  for (std::uint64_t sample = 0; sample < 100; ++sample) {
    timeline_.add(at(sample * kStep, 5));
    stream();
  }
  EXPECT_EQ(value("SELECT count(*) FROM timeline"), 1);
  timeline_.add(at(100 * kStep, 6));
  stream();
  EXPECT_EQ(value("SELECT count(*) FROM timeline"), 3);
  stream(true);
  EXPECT_EQ(value("SELECT count(*) FROM timeline"), 3);
}

class SiteTimelineInDatabase : public TimelineInDatabase {
 protected:
  static constexpr std::uint64_t kSiteStep = SiteTimeline::kBaseStep;

  capture::SiteId site() {
    return writer_.site(writer_.stack(0, writer_.address(0, next_++)), wire::CallKind::Malloc, 0);
  }
  void allocate(capture::SiteId site) {
    writer_.add_to_site(site, 1, {.allocations = 1, .bytes = 8}, {});
    series_.note(site);
  }
  void close(std::uint64_t ns) {
    series_.close_interval(writer_, ns);
    series_.stream(writer_, true);
    writer_.flush();
  }

  std::uint64_t next_ = 1;
  SiteTimeline series_{64};
};

TEST_F(SiteTimelineInDatabase, HasPointsOnlyWhereSomethingChanged) {
  const capture::SiteId busy = site();
  const capture::SiteId quiet = site();
  allocate(quiet);
  for (std::uint64_t interval = 1; interval <= 10; ++interval) {
    allocate(busy);
    close(interval * kSiteStep);
  }
  EXPECT_EQ(value("SELECT count(*) FROM site_timeline WHERE site_id = 1"), 10);
  EXPECT_EQ(value("SELECT count(*) FROM site_timeline WHERE site_id = 2"), 1);
}

TEST_F(SiteTimelineInDatabase, ChangesWithinAStepAreOnePoint) {
  const capture::SiteId only = site();
  allocate(only);
  allocate(only);
  close(kSiteStep / 4);
  allocate(only);
  close(kSiteStep / 2);
  EXPECT_EQ(value("SELECT count(*) FROM site_timeline"), 1);
  EXPECT_EQ(value("SELECT ns FROM site_timeline"), static_cast<std::int64_t>(kSiteStep));
  EXPECT_EQ(value("SELECT live_blocks FROM site_timeline"), 3);
}

TEST_F(SiteTimelineInDatabase, AMomentThatIsAskedForEndsItsStep) {
  const capture::SiteId only = site();
  allocate(only);
  series_.close_interval(writer_, kSiteStep / 4);
  allocate(only);
  series_.close_interval_at(writer_, kSiteStep / 2);
  allocate(only);
  close(kSiteStep);
  EXPECT_EQ(value("SELECT count(*) FROM site_timeline"), 2);
  EXPECT_EQ(value("SELECT live_blocks FROM site_timeline ORDER BY ns"), 2);
  EXPECT_EQ(value("SELECT min(ns) FROM site_timeline"), static_cast<std::int64_t>(kSiteStep / 2));
  EXPECT_EQ(value("SELECT max(ns) FROM site_timeline"), static_cast<std::int64_t>(kSiteStep));
}

TEST_F(SiteTimelineInDatabase, AMomentWithoutChangesHasWhatWasReadInItsStep) {
  const capture::SiteId only = site();
  allocate(only);
  series_.close_interval(writer_, kSiteStep / 4);
  series_.close_interval_at(writer_, kSiteStep / 2);
  close(kSiteStep);
  EXPECT_EQ(value("SELECT ns FROM site_timeline"), static_cast<std::int64_t>(kSiteStep / 2));
}

TEST_F(SiteTimelineInDatabase, MomentsInDisorderKeepTheOrderOfTime) {
  const capture::SiteId only = site();
  for (const std::uint64_t ns : {kSiteStep / 2, kSiteStep / 4, 2 * kSiteStep, kSiteStep}) {
    allocate(only);
    series_.close_interval_at(writer_, ns);
  }
  series_.stream(writer_, true);
  writer_.flush();
  EXPECT_EQ(value("SELECT max(allocations) FROM site_timeline WHERE ns = (SELECT max(ns) FROM "
                  "site_timeline)"),
            4);
}

TEST_F(SiteTimelineInDatabase, AStepIsWrittenWhenTheNextOneBegins) {
  const capture::SiteId only = site();
  for (std::uint64_t interval = 1; interval <= 3; ++interval) {
    allocate(only);
    series_.close_interval(writer_, interval * kSiteStep);
    series_.stream(writer_);
    writer_.flush();
    EXPECT_EQ(value("SELECT count(*) FROM site_timeline"), static_cast<std::int64_t>(interval) - 1);
  }
}

TEST_F(SiteTimelineInDatabase, MoreSitesThanPointsDoNotDoubleTheStepForever) {
  constexpr std::int64_t kSites = 200;
  std::vector<capture::SiteId> sites;
  for (std::int64_t count = 0; count < kSites; ++count) sites.push_back(site());
  for (std::uint64_t interval = 1; interval <= 40; ++interval) {
    for (const capture::SiteId each : sites) allocate(each);
    close(interval * kSiteStep);
    EXPECT_LE(value("SELECT count(*) FROM site_timeline"), 4 * (kSites + 1));
  }
  EXPECT_LE(series_.step(), 32 * kSiteStep);
  EXPECT_EQ(value("SELECT count(*) FROM site_timeline WHERE ns = (SELECT max(ns) FROM "
                  "site_timeline) AND allocations = 40"),
            kSites);
}

TEST_F(SiteTimelineInDatabase, DoublesItsStepInsteadOfGrowing) {
  const capture::SiteId first = site();
  const capture::SiteId second = site();
  for (std::uint64_t interval = 1; interval <= 1000; ++interval) {
    allocate(first);
    if (interval % 3 == 0) allocate(second);
    close(interval * kSiteStep);
    EXPECT_LE(value("SELECT count(*) FROM site_timeline"), 64);
  }
  EXPECT_GT(series_.step(), kSiteStep);
  EXPECT_EQ(value("SELECT count(*) FROM site_timeline"),
            static_cast<std::int64_t>(series_.points()));
  const auto step = std::to_string(series_.step());
  EXPECT_EQ(value(("SELECT count(*) FROM site_timeline WHERE ns % " + step + " != 0").c_str()), 0);
  // A point says what held at its time.
  EXPECT_EQ(value(("SELECT count(*) FROM site_timeline WHERE site_id = 1 AND allocations != "
                   "min(1000, ns / " +
                   std::to_string(kSiteStep) + ")")
                      .c_str()),
            0);
}

}  // namespace
}  // namespace heapscribe::collector
