#include "preload/wire/size_buckets.h"

#include <gtest/gtest.h>

namespace heapscribe::wire {
namespace {

TEST(SizeBuckets, EverySizeUpTo256HasItsOwn) {
  for (std::uint64_t size = 0; size <= 256; ++size) {
    EXPECT_EQ(bucket_lower(size_bucket(size)), size);
    EXPECT_EQ(bucket_upper(size_bucket(size)), size);
  }
}

TEST(SizeBuckets, LargerSizesShareBucketsAtMostAnEighthWide) {
  for (std::uint64_t size = 257; size < (std::uint64_t{1} << 62); size += size / 7) {
    const std::size_t bucket = size_bucket(size);
    EXPECT_LE(bucket_lower(bucket), size);
    EXPECT_GE(bucket_upper(bucket), size);
    EXPECT_LE(bucket_upper(bucket) - bucket_lower(bucket) + 1, (size + 7) / 8 + 1);
  }
}

TEST(SizeBuckets, PowersOfTwoEndABucket) {
  for (unsigned bit = 9; bit < 64; ++bit) {
    const std::uint64_t size = std::uint64_t{1} << bit;
    EXPECT_EQ(bucket_upper(size_bucket(size)), size);
  }
}

TEST(SizeBuckets, TheLargestSizeHasABucket) {
  EXPECT_EQ(size_bucket(~std::uint64_t{0}), kSizeBuckets - 1);
  EXPECT_EQ(bucket_upper(kSizeBuckets - 1), ~std::uint64_t{0});
}

}  // namespace
}  // namespace heapscribe::wire
