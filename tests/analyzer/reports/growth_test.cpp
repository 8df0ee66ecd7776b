#include "analyzer/reports/growth.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "analyzer/model/selection.h"
#include "preload/capture/numbers.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::reports {
namespace {

using tests::CaptureBuilder;

constexpr double kStep = 0.1;
constexpr std::size_t kSteps = 100;  // 10 s
constexpr double kBlock = 1000;      // bytes

// `blocks` and `allocations` so far, by time from 0 to 1.
using Course = std::function<double(double)>;

model::Series series(const Course& blocks, const Course& allocations, std::size_t steps = kSteps) {
  model::Series result;
  result.step_seconds = kStep;
  for (std::size_t at = 0; at < steps; ++at) {
    const double time = static_cast<double>(at + 1) / static_cast<double>(steps);
    result.live_blocks.push_back(std::floor(blocks(time)));
    result.live_bytes.push_back(std::floor(blocks(time)) * kBlock);
    result.allocations.push_back(std::floor(allocations(time)));
  }
  return result;
}

model::Series series(const Course& blocks) {
  return series(blocks, blocks);
}

Course noisy(Course course, double noise, unsigned seed) {
  return [course = std::move(course), noise, random = std::mt19937(seed)](double time) mutable {
    return course(time) + std::normal_distribution<double>(0, noise)(random);
  };
}

Verdict verdict(const model::Series& of) {
  return judge(of).verdict;
}

Course busy(double a_run) {
  return [a_run](double time) { return a_run * time; };
}

TEST(Growth, OfALeakIsSteady) {
  const GrowthFacts facts = judge(series(busy(1000)));
  EXPECT_EQ(facts.verdict, Verdict::SteadyGrowth);
  EXPECT_NEAR(facts.trend.slope, 100 * kBlock, kBlock);
  EXPECT_LE(facts.trend.low, facts.trend.slope);
  EXPECT_GE(facts.trend.high, facts.trend.slope);
}

TEST(Growth, OfALeakAmongManyRequestsIsSteady) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(verdict(series(noisy(busy(1000), 10, seed), busy(50'000))), Verdict::SteadyGrowth);
  }
}

TEST(Growth, AfterALargeStartIsStillSteady) {
  EXPECT_EQ(
      verdict(series([](double time) { return 50'000 * std::min(time * 20, 1.0) + 500 * time; })),
      Verdict::SteadyGrowth);
}

TEST(Growth, OfALeakWithVaryingLoadIsSteady) {
  EXPECT_EQ(verdict(series([](double time) { return 1000 * time + 30 * std::sin(time * 25); })),
            Verdict::SteadyGrowth);
}

TEST(Growth, FasterAndFasterIsSteady) {
  EXPECT_EQ(verdict(series([](double time) { return 1000 * time * time; })), Verdict::SteadyGrowth);
}

TEST(Growth, OfACacheThatFillsIsAWarmUp) {
  for (const double fill : {0.05, 0.1, 0.2, 0.3}) {
    const auto filling = [&](double time) { return 1000 * (1 - std::exp(-time / fill)); };
    EXPECT_EQ(verdict(series(filling)), Verdict::WarmUp) << fill;
  }
  for (const double full : {0.2, 0.5, 0.7}) {
    const auto filling = [&](double time) { return 1000 * std::min(time / full, 1.0); };
    EXPECT_EQ(verdict(series(filling)), Verdict::WarmUp) << full;
  }
}

TEST(Growth, OfACacheWithTurnoverUnderACeilingIsBounded) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const auto filled = noisy([](double time) { return 500 * std::min(time * 10, 1.0); }, 3, seed);
    EXPECT_EQ(verdict(series(filled, busy(5000))), Verdict::BoundedCache) << seed;
  }
}

TEST(Growth, OfASawToothThatKeepsMostIsBounded) {
  const auto tooth = [](double time) { return 400 + 100 * std::fmod(time * 12, 1.0); };
  EXPECT_EQ(verdict(series(tooth, busy(5000))), Verdict::BoundedCache);
}

TEST(Growth, OfScratchBlocksIsStable) {
  EXPECT_EQ(verdict(series(noisy([](double) { return 20; }, 2, 1), busy(1'000'000))),
            Verdict::Stable);
}

TEST(Growth, OfWhatWasThereFromTheStartIsStable) {
  EXPECT_EQ(verdict(series([](double) { return 1000; })), Verdict::Stable);
  EXPECT_EQ(verdict(series([](double) { return 0; })), Verdict::Stable);
}

TEST(Growth, InARhythmIsPeriodic) {
  const auto waves = [](double time) { return std::fmod(time * 10, 1.0) < 0.5 ? 1000 : 10; };
  const GrowthFacts facts = judge(series(waves, busy(10'000)));
  EXPECT_EQ(facts.verdict, Verdict::Periodic);
  EXPECT_NEAR(facts.period, 1, 0.11);
  EXPECT_FALSE(facts.period_of_rate);
}

TEST(Growth, OfWorkInARhythmIsPeriodicThoughNothingStays) {
  const auto in_steps = [](double time) { return 1000 * std::floor(time * 10); };
  const GrowthFacts facts = judge(series([](double) { return 5; }, in_steps));
  EXPECT_EQ(facts.verdict, Verdict::Periodic);
  EXPECT_TRUE(facts.period_of_rate);
  EXPECT_NEAR(facts.period, 1, 0.11);
}

TEST(Growth, ThatComesAndGoesOnceIsABurst) {
  const auto once = [](double time) { return time > 0.5 && time < 0.6 ? 5000 : 10; };
  const GrowthFacts facts = judge(series(once, busy(20'000)));
  EXPECT_EQ(facts.verdict, Verdict::Burst);
  EXPECT_NEAR(facts.burst_at, 5, 0.3);
  EXPECT_NEAR(facts.burst_seconds, 1, 0.3);
}

TEST(Growth, OfMostAllocationsAtOnceIsABurst) {
  const auto at_once = [](double time) { return 100 * time + (time > 0.7 ? 10'000 : 0); };
  const GrowthFacts facts = judge(series([](double) { return 5; }, at_once));
  EXPECT_EQ(facts.verdict, Verdict::Burst);
  EXPECT_GT(facts.burst_share, 0.9);
}

TEST(Growth, OfAShortRunCannotBeTold) {
  EXPECT_EQ(verdict(series(busy(1000), busy(1000), 30)), Verdict::TooShort);
  EXPECT_EQ(verdict(model::Series{kStep, {}, {}, {}}), Verdict::TooShort);
}

TEST(Growth, InFewStepsToTheEndCannotBeTold) {
  const auto doubling = [](double time) { return std::exp2(std::floor(time * 7)) * 100; };
  EXPECT_EQ(verdict(series(doubling)), Verdict::TooShort);
}

TEST(Growth, InAFewStepsOfWhichNothingIsFreedIsNotPeriodic) {
  const auto in_steps = [](double time) { return 10 * std::floor(time * 10.3); };
  const GrowthFacts facts = judge(series(in_steps));
  EXPECT_EQ(facts.verdict, Verdict::TooShort);
  EXPECT_EQ(facts.period, 0);
}

TEST(Growth, ThatIsSlightIsNoWarmUp) {
  model::Series slow;
  slow.step_seconds = kStep;
  for (std::size_t at = 0; at < 120; ++at) {
    const auto blocks = static_cast<double>(at / 2);
    slow.live_blocks.push_back(blocks);
    slow.live_bytes.push_back(blocks * 100);
    slow.allocations.push_back(blocks);
  }
  EXPECT_EQ(verdict(slow), Verdict::TooShort);
}

TEST(Growth, OfOneBlockThatStaysIsABurst) {
  for (const double when : {0.3, 0.52, 0.8}) {
    const auto once = [&](double time) { return time > when ? 5000 : 0; };
    const auto calls = [&](double time) { return time > when ? 1 : 0; };
    const GrowthFacts facts = judge(series(once, calls));
    EXPECT_EQ(facts.verdict, Verdict::Burst) << when;
    EXPECT_EQ(facts.burst_rise, 5000 * kBlock);
    EXPECT_NEAR(facts.burst_at, when * 10, 0.11);
  }
}

TEST(Growth, OfQueuesIsSeldomTakenForALeak) {
  int steady = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(0, 1);
    double level = 50;
    const auto queue = [&](double) {
      level = std::max(0.0, level + normal(random) * 5 - 0.05 * (level - 50));
      return level;
    };
    if (verdict(series(queue, busy(100'000))) == Verdict::SteadyGrowth) ++steady;
  }
  EXPECT_LE(steady, 5);
}

// Two sites of one function in table site_interval, 10 s.
capture::Database recorded_leak() {
  CaptureBuilder builder;
  builder.at({tests::Call("remember", "cache.c", 10), tests::Call("main")}).leaked(1, 8);
  builder.at({tests::Call("remember", "cache.c", 12), tests::Call("main")}).leaked(1, 8);
  builder.set("memory_total_bytes", 1'000'000'000);
  capture::Database database = builder.build();
  database.execute("UPDATE recording SET value = 10000000000 WHERE key = 'duration_ns'");
  auto insert = database.prepare("INSERT INTO site_interval VALUES (?1, ?2)");
  for (std::int64_t step = 1; step <= 100; ++step) {
    const std::string blocks = std::to_string(step);
    const std::string bytes = std::to_string(step * 1000);
    const std::string point = blocks + "," + bytes + "," + blocks + "]";
    const std::string points = "[[1," + point + ",[2," + point + "]";
    insert.bind_all(step * 100'000'000, std::string_view(points)).run();
  }
  return database;
}

TEST(GrowthReport, AddsUpTheSitesOfAFunction) {
  model::CaptureReader reader(recorded_leak());
  model::select_sites(reader, {});
  const GrowthReport report = find_growth(reader);
  ASSERT_EQ(report.rows.size(), 1U);
  const GrowthRow& row = report.rows.front();
  EXPECT_EQ(row.place->function, "remember");
  EXPECT_EQ(row.sites.size(), 2U);
  EXPECT_EQ(row.facts.verdict, Verdict::SteadyGrowth);
  EXPECT_NEAR(row.facts.trend.slope, 20'000, 10);
  EXPECT_EQ(row.live_bytes.value, 200'000);
  ASSERT_TRUE(row.survival);
  EXPECT_DOUBLE_EQ(*row.survival, 1);
}

TEST(GrowthReport, TellsWhenTheMemoryIsFull) {
  model::CaptureReader reader(recorded_leak());
  model::select_sites(reader, {});
  const auto left = find_growth(reader).seconds_until_full();
  ASSERT_TRUE(left);
  EXPECT_NEAR(*left, 1'000'000'000 / 20'000.0, 1000);
}

TEST(GrowthReport, OfARecordingWithoutASeriesIsTooShort) {
  model::CaptureReader reader(CaptureBuilder().at({"f"}).leaked(1, 8).build());
  model::select_sites(reader, {});
  EXPECT_TRUE(find_growth(reader).too_short);
}

}  // namespace
}  // namespace heapscribe::reports
