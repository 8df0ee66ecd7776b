// Ages from a site's series.
#include "analyzer/model/block_ages.h"

#include <gtest/gtest.h>

namespace heapscribe::model {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

SitePoint point(std::int64_t seconds, std::int64_t live, std::int64_t allocations) {
  return {.ns = seconds * kSecond, .live_blocks = live, .allocations = allocations};
}

TEST(BlockAges, WhatWasMadeAtOnceAndKeptIsAsOldAsThat) {
  const SitePoint points[] = {point(0, 10, 10)};
  const Ages ages = ages_at({5 * kSecond}, points, 0);
  EXPECT_DOUBLE_EQ(ages.youngest, 5);
  EXPECT_DOUBLE_EQ(ages.oldest, 5);
  EXPECT_DOUBLE_EQ(ages.quiet, 5);
}

TEST(BlockAges, WhereNothingIsReleasedBothBoundsAreTheTruth) {
  const SitePoint points[] = {point(1, 1, 1), point(2, 2, 2), point(3, 3, 3), point(4, 4, 4)};
  const Ages ages = ages_at({4 * kSecond}, points, 0);
  EXPECT_DOUBLE_EQ(ages.youngest, 2);
  EXPECT_DOUBLE_EQ(ages.oldest, 2);
  EXPECT_TRUE(ages.grows);
}

TEST(BlockAges, WhereAllIsReplacedTheBoundsLieApart) {
  const SitePoint points[] = {point(1, 10, 10), point(2, 10, 20), point(3, 10, 30)};
  const Ages ages = ages_at({3 * kSecond}, points, 0);
  EXPECT_DOUBLE_EQ(ages.youngest, 0.5);
  EXPECT_DOUBLE_EQ(ages.oldest, 2.5);
  EXPECT_FALSE(ages.grows);
}

TEST(BlockAges, WhatComesLaterIsNotKnownYet) {
  const SitePoint points[] = {point(0, 10, 10), point(3, 0, 10)};
  EXPECT_DOUBLE_EQ(ages_at({2 * kSecond}, points, 0).oldest, 2);
}

}  // namespace
}  // namespace heapscribe::model
