#include "preload/memory/size_classes.h"

#include <gtest/gtest.h>

namespace heapscribe::memory {
namespace {

TEST(SizeClasses, RoundUpByAtMostAnEighthBeyondTheFineSizes) {
  for (std::size_t size = 0; size <= kMaxSmall; ++size) {
    const std::size_t served = class_size(size_class(size));
    ASSERT_GE(served, size);
    ASSERT_LT(served - size, size <= kFineLimit ? kGranule + (size == 0) : size / 8 + 1) << size;
  }
}

TEST(SizeClasses, AreTheSmallestThatFit) {
  for (std::size_t size = 1; size <= kMaxSmall; ++size) {
    const unsigned c = size_class(size);
    ASSERT_EQ(c, computed_class(size));
    if (c > 1) {
      ASSERT_LT(class_size(c - 1), size);
    }
  }
}

// Every place of every slab: the number is right, and only where a block begins.
TEST(SizeClasses, BlockNumbersAreExact) {
  for (unsigned c = 1; c <= kClasses; ++c) {
    const ClassShape& shape = kShapes[c];
    for (std::uint32_t offset = 0; offset <= shape.slab_mask; ++offset) {
      const BlockNumber place = block_number(shape, offset);
      ASSERT_EQ(place.exact, offset % shape.size == 0) << c << " " << offset;
      if (place.exact) {
        ASSERT_EQ(place.number, offset / shape.size);
      }
    }
  }
}

TEST(SizeClasses, WasteLittleAtTheEndOfASlab) {
  for (unsigned c = 1; c <= kClasses; ++c) {
    const std::size_t left = slab_bytes(c) - kShapes[c].capacity * class_size(c);
    EXPECT_LT(left * 100, slab_bytes(c) * 10) << class_size(c);
  }
}

TEST(PoolTimes, BucketsHoldTheirLowerBounds) {
  for (std::size_t bucket = 0; bucket < wire::kTimeBuckets; ++bucket) {
    EXPECT_EQ(wire::time_bucket(wire::time_bucket_lower(bucket)), bucket);
    if (bucket > 0) {
      EXPECT_EQ(wire::time_bucket(wire::time_bucket_lower(bucket) - 1), bucket - 1);
    }
  }
  EXPECT_EQ(wire::time_bucket(~std::uint64_t{0}), wire::kTimeBuckets - 1);
}

}  // namespace
}  // namespace heapscribe::memory
