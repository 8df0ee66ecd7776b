#include "preload/record/sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace heapscribe::record {
namespace {

TEST(SamplingMathematics, AgreesWithTheCLibrary) {
  for (double x = 1e-16; x < 1e16; x *= 1.37) {
    EXPECT_NEAR(natural_logarithm(x), std::log(x), 1e-12 * std::abs(std::log(x)) + 1e-14) << x;
  }
  for (double x = 1e-9; x < 700; x *= 1.37) {
    EXPECT_NEAR(exponential_of_minus(x), std::exp(-x), 1e-12 * std::exp(-x)) << x;
  }
  EXPECT_EQ(exponential_of_minus(0), 1);
  EXPECT_EQ(exponential_of_minus(1e9), 0);
}

TEST(Random, FillsTheUnitInterval) {
  Random random{};
  random.seed(7);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double value = random.unit();
    ASSERT_GT(value, 0);
    ASSERT_LE(value, 1);
    sum += value;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.01);
}

struct Estimate {
  double blocks = 0, bytes = 0, blocks_variance = 0, bytes_variance = 0;
};

// What `sampler` makes of `count` blocks of `size` bytes.
Estimate estimate(Sampler& sampler, int count, std::size_t size) {
  Estimate sum;
  for (int i = 0; i < count; ++i) {
    if (!sampler.is_due(size)) {
      sampler.pass(size);
      continue;
    }
    const auto weight = static_cast<double>(sampler.take(size));
    const double variance = weight * weight - weight;
    const auto bytes = static_cast<double>(size);
    sum.blocks += weight;
    sum.bytes += weight * bytes;
    sum.blocks_variance += variance;
    sum.bytes_variance += variance * bytes * bytes;
  }
  return sum;
}

// Estimates scatter around the truth, and by as much as they say: over 400 runs the mean lies
// within four standard errors, and about 95 % of the 95 % intervals hold the truth.
class SamplerTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(SamplerTest, IsUnbiasedAndKnowsItsError) {
  constexpr int kRuns = 400;
  constexpr std::uint64_t kMean = 4096;
  const std::size_t size = GetParam();
  const int blocks = size == 0 ? 400'000 : 20'000;  // a normal interval wants some samples
  double sum = 0;
  double squares = 0;
  int covered = 0;
  for (int run = 0; run < kRuns; ++run) {
    Sampler sampler{};
    sampler.begin(kMean, static_cast<std::uint64_t>(run) + 1);
    const Estimate found = estimate(sampler, blocks, size);
    sum += found.blocks;
    squares += found.blocks * found.blocks;
    covered += std::abs(found.blocks - blocks) <= 1.96 * std::sqrt(found.blocks_variance) + 0.5;
    EXPECT_NEAR(found.bytes, found.blocks * static_cast<double>(size), 0.5);
  }
  const double mean = sum / kRuns;
  const double deviation = std::sqrt(std::max(squares / kRuns - mean * mean, 0.0));
  EXPECT_NEAR(mean, blocks, 4 * deviation / std::sqrt(kRuns) + 0.5);
  EXPECT_GE(covered, kRuns * 91 / 100);
}

INSTANTIATE_TEST_SUITE_P(BlockSizes, SamplerTest,
                         ::testing::Values(0, 8, 64, 1000, 4096, 10'000, 100'000));

TEST(Sampler, EveryBlockFarAboveTheMeanIsTaken) {
  Sampler sampler{};
  sampler.begin(4096, 1);
  const Estimate found = estimate(sampler, 1000, std::size_t{1} << 20);
  EXPECT_EQ(found.blocks, 1000);
  EXPECT_EQ(found.blocks_variance, 0);
}

TEST(Sampler, AMeanOfOneByteTakesNearlyEverything) {
  Sampler sampler{};
  sampler.begin(1, 1);
  const Estimate found = estimate(sampler, 10'000, 64);
  EXPECT_EQ(found.blocks, 10'000);
}

// A mixture: what a small block is worth must not depend on its neighbours.
TEST(Sampler, SizesDoNotDisturbEachOther) {
  double small = 0;
  double large = 0;
  constexpr int kRuns = 300;
  for (int run = 0; run < kRuns; ++run) {
    Sampler sampler{};
    sampler.begin(4096, static_cast<std::uint64_t>(run) * 31 + 5);
    for (int i = 0; i < 3000; ++i) {
      small += estimate(sampler, 3, 32).blocks;
      large += estimate(sampler, 1, 6000).blocks;
    }
  }
  EXPECT_NEAR(small / kRuns, 9000, 200);
  EXPECT_NEAR(large / kRuns, 3000, 15);
}

}  // namespace
}  // namespace heapscribe::record
