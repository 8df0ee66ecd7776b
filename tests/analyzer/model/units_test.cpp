// How far an estimate may be off: at least as often right as it says, for few samples too.
#include "analyzer/model/units.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace heapscribe::model {
namespace {

TEST(PoissonUpper, IsTheExactLimitToAFewHundredths) {
  // Exact 97.5 % limits: Garwood, Biometrika 28, 1936.
  EXPECT_NEAR(poisson_upper(0), 3.689, 0.03);
  EXPECT_NEAR(poisson_upper(1), 5.572, 0.02);
  EXPECT_NEAR(poisson_upper(5), 11.668, 0.02);
  EXPECT_NEAR(poisson_upper(20), 30.888, 0.02);
}

TEST(ErrorOf, IsNoneWhereEverythingWasRecorded) {
  EXPECT_EQ(error_of(1'000'000, 0), 0);
  Measures m;
  m.allocations.value = 5;
  m.bytes.value = 500;
  EXPECT_EQ(errors_of(m).live_bytes, 0);
}

TEST(ErrorOf, IsAboutTwoDeviationsWithManySamples) {
  EXPECT_NEAR(static_cast<double>(error_of(1'000'000, 1e9)), 1.96 * std::sqrt(1e9), 3000);
}

// Blocks of one size, each recorded with probability `p`, as the sampler does it.
TEST(ErrorOf, HoldsTheTruthInAtLeast94Of100RecordingsWithFewSamples) {
  std::mt19937_64 random(1);
  for (const double expected_samples : {3.0, 6.0, 12.0, 40.0}) {
    constexpr double p = 0.01;
    constexpr double weight = 1 / p;
    const auto truth = static_cast<std::int64_t>(expected_samples / p);
    std::binomial_distribution<std::int64_t> sampled(truth, p);
    int right = 0;
    constexpr int kRecordings = 20'000;
    for (int i = 0; i < kRecordings; ++i) {
      const auto samples = static_cast<double>(sampled(random));
      const auto estimate = static_cast<std::int64_t>(samples * weight);
      const auto error = samples == 0 ? std::llround(poisson_upper(0) * weight)
                                      : error_of(estimate, samples * (weight * weight - weight));
      if (std::abs(estimate - truth) <= error) ++right;
    }
    EXPECT_GE(right, kRecordings * 94 / 100) << expected_samples << " samples";
  }
}

TEST(ErrorOf, IsNotNoneWhereNoSampleIsAlive) {
  // Ten samples that stand for 100 blocks of 50 bytes each, all freed.
  Measures m;
  m.allocations.value = 1000;
  m.bytes.value = 50'000;
  m.variances.allocations = 10 * 9900.0;
  m.variances.bytes = 10 * 9900.0 * 2500;
  const Errors errors = errors_of(m);
  EXPECT_NEAR(static_cast<double>(errors.live_blocks), 365, 10);
  EXPECT_NEAR(static_cast<double>(errors.live_bytes), 365 * 50, 500);
}

}  // namespace
}  // namespace heapscribe::model
