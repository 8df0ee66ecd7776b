#include "analyzer/reports/utilization.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace heapscribe::reports {
namespace {

double mmu(const std::vector<Interval>& pauses, std::int64_t run, std::int64_t window) {
  return minimum_utilization(united(pauses), run, window);
}

TEST(Utilization, OfAWindowThatFitsIntoAPauseIsNothing) {
  EXPECT_DOUBLE_EQ(mmu({{50, 60}}, 100, 5), 0);
  EXPECT_DOUBLE_EQ(mmu({{50, 60}}, 100, 10), 0);
}

TEST(Utilization, GrowsWithTheWindow) {
  EXPECT_DOUBLE_EQ(mmu({{50, 60}}, 100, 20), 0.5);
  EXPECT_DOUBLE_EQ(mmu({{50, 60}}, 100, 100), 0.9);
}

TEST(Utilization, PausesCloseTogetherShareAWindow) {
  EXPECT_DOUBLE_EQ(mmu({{10, 20}, {25, 35}}, 1000, 20), 0.25);
  EXPECT_DOUBLE_EQ(mmu({{10, 20}, {25, 35}}, 1000, 25), 0.2);
}

TEST(Utilization, OfARunWithoutPausesIsAll) {
  EXPECT_DOUBLE_EQ(mmu({}, 100, 10), 1);
  EXPECT_DOUBLE_EQ(mmu({}, 0, 10), 1);
}

TEST(Utilization, AWindowLongerThanTheRunStandsForTheRun) {
  EXPECT_DOUBLE_EQ(mmu({{0, 25}}, 100, 1000), 0.75);
}

TEST(Utilization, OverlappingPausesCountOnce) {
  const std::vector<Interval> merged = united({{30, 40}, {10, 20}, {15, 25}, {40, 50}, {7, 7}});
  ASSERT_EQ(merged.size(), 2U);
  EXPECT_EQ(merged[0].begin, 10);
  EXPECT_EQ(merged[0].end, 25);
  EXPECT_EQ(merged[1].end, 50);
}

TEST(Utilization, AgreesWithLookingAtEveryWindow) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    constexpr std::int64_t kRun = 120;
    std::vector<Interval> pauses;
    for (int i = 0; i < 6; ++i) {
      const auto begin = static_cast<std::int64_t>(random() % 110);
      pauses.push_back({begin, begin + static_cast<std::int64_t>(random() % 10)});
    }
    std::vector<int> paused(kRun, 0);
    for (const Interval& pause : pauses) {
      for (std::int64_t at = pause.begin; at < pause.end; ++at) {
        paused[static_cast<std::size_t>(at)] = 1;
      }
    }
    const std::int64_t window = 1 + static_cast<std::int64_t>(random() % kRun);
    std::int64_t most = 0;
    for (std::int64_t from = 0; from + window <= kRun; ++from) {
      const auto begin = paused.begin() + from;
      most = std::max<std::int64_t>(most, std::count(begin, begin + window, 1));
    }
    EXPECT_DOUBLE_EQ(mmu(pauses, kRun, window),
                     1 - static_cast<double>(most) / static_cast<double>(window));
  }
}

}  // namespace
}  // namespace heapscribe::reports
