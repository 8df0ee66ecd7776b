#include "analyzer/reports/trend.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace heapscribe::reports {
namespace {

std::vector<double> line(std::size_t count, double slope, double noise, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0, noise > 0 ? noise : 1);
  std::vector<double> values;
  for (std::size_t at = 0; at < count; ++at) {
    values.push_back(slope * static_cast<double>(at) + (noise > 0 ? normal(random) : 0));
  }
  return values;
}

std::vector<double> random_walk(std::size_t count, unsigned seed) {
  std::vector<double> values = line(count, 0, 1, seed);
  for (std::size_t at = 1; at < count; ++at) values[at] += values[at - 1];
  return values;
}

TEST(Trend, OfALineIsItsSlope) {
  const Trend trend = find_trend(line(60, 3, 0, 1));
  EXPECT_DOUBLE_EQ(trend.slope, 3);
  EXPECT_DOUBLE_EQ(trend.low, 3);
  EXPECT_DOUBLE_EQ(trend.high, 3);
  EXPECT_GT(trend.confidence, 0.999);
}

TEST(Trend, IsNotMovedBySpikes) {
  std::vector<double> values = line(60, 3, 0.5, 1);
  for (const std::size_t at : {5U, 30U, 58U}) values[at] += 10'000;
  EXPECT_NEAR(find_trend(values).slope, 3, 0.2);
}

TEST(Trend, ItsIntervalHoldsTheTruthAsOftenAsItSays) {
  int held = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    const Trend trend = find_trend(line(40, 0.5, 5, seed));
    if (trend.low <= 0.5 && trend.high >= 0.5) ++held;
  }
  EXPECT_GE(held, 365);  // 95 % of 400 are 380, less three standard deviations
}

// A random walk seems to have a trend to every test that takes its steps for independent.
TEST(Trend, OfARandomWalkIsSeldomTakenForOne) {
  int found = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    if (find_trend(random_walk(60, seed)).rises()) ++found;
  }
  EXPECT_LE(found, 75);
}

TEST(Trend, OfEqualValuesIsNone) {
  const Trend trend = find_trend(std::vector<double>(60, 7.0));
  EXPECT_EQ(trend.slope, 0);
  EXPECT_FALSE(trend.rises());
  EXPECT_EQ(trend.confidence, 0);
}

TEST(Trend, OfFewValuesIsNone) {
  EXPECT_FALSE(find_trend(std::vector<double>{1, 2, 3}).rises());
  EXPECT_FALSE(find_trend({}).rises());
}

TEST(ThinOut, KeepsTheMeansAndDropsWhatIsLeftOverAtTheBeginning) {
  std::vector<double> means;
  EXPECT_EQ(thin_out(std::vector<double>{9, 1, 3, 5, 7}, 2, means), 3U);
  EXPECT_EQ(means, std::vector<double>{5});
  EXPECT_EQ(thin_out(std::vector<double>{1, 2}, 60, means), 1U);
  EXPECT_EQ(means, (std::vector<double>{1, 2}));
}

TEST(Period, OfAWaveIsItsLength) {
  std::vector<double> wave;
  for (int at = 0; at < 100; ++at) wave.push_back(std::sin(at * 2 * 3.14159265 / 20));
  const Period period = find_period(wave);
  EXPECT_NEAR(period.steps, 20, 1);
  EXPECT_GT(period.correlation, 0.6);
}

TEST(Period, IsNotFoundInNoiseLinesOrTwoWaves) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    EXPECT_EQ(find_period(line(100, 0, 1, seed)).steps, 0);
  }
  EXPECT_EQ(find_period(line(100, 3, 0, 1)).steps, 0);
  EXPECT_EQ(find_period(std::vector<double>(100, 1.0)).steps, 0);
  std::vector<double> two;
  for (int at = 0; at < 100; ++at) two.push_back(std::sin(at * 2 * 3.14159265 / 50));
  EXPECT_EQ(find_period(two).steps, 0);
}

}  // namespace
}  // namespace heapscribe::reports
