#include "preload/wire/pauses.h"

#include <gtest/gtest.h>

namespace heapscribe::wire {
namespace {

TEST(LatencyBuckets, EveryNumberOfTicksLiesInItsBucket) {
  for (std::uint64_t ticks = 0; ticks < 100'000; ++ticks) {
    const std::size_t bucket = latency_bucket(ticks);
    EXPECT_LE(latency_bucket_lower(bucket), ticks);
    EXPECT_GT(latency_bucket_lower(bucket + 1), ticks);
  }
}

TEST(LatencyBuckets, AreNoWiderThanAQuarterOfWhatTheyHold) {
  for (std::size_t bucket = 1; bucket + 1 < kLatencyBuckets; ++bucket) {
    const std::uint64_t lower = latency_bucket_lower(bucket);
    EXPECT_LE((latency_bucket_lower(bucket + 1) - lower) * 4, lower);
  }
}

TEST(LatencyBuckets, TheLastTakesTheRest) {
  EXPECT_EQ(latency_bucket(~std::uint64_t{0}), kLatencyBuckets - 1);
  EXPECT_EQ(latency_bucket(latency_bucket_lower(kLatencyBuckets - 1)), kLatencyBuckets - 1);
}

}  // namespace
}  // namespace heapscribe::wire
