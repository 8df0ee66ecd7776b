#include "preload/bootstrap/early_heap.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

namespace heapscribe::bootstrap {
namespace {

TEST(EarlyHeap, BlocksAreAlignedKnownAndKeepTheirSize) {
  for (const std::size_t alignment : {16U, 64U, 4096U}) {
    void* block = early_allocate(100, alignment);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0U);
    EXPECT_TRUE(is_early(block));
    EXPECT_EQ(early_size(block), 100U);
    std::memset(block, 0xAB, 100);
  }
}

TEST(EarlyHeap, DoesNotRunDryWhereASmallPoolWould) {
  for (int i = 0; i < 10'000; ++i) {
    void* block = early_allocate(1000);
    ASSERT_NE(block, nullptr);
    std::memset(block, 0xCD, 1000);
  }
}

TEST(EarlyHeap, RefusesWhatCannotBe) {
  EXPECT_EQ(early_allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(early_allocate(SIZE_MAX - 64), nullptr);
  EXPECT_EQ(early_allocate(std::size_t{1} << 40), nullptr);
}

TEST(EarlyHeap, ForeignBlocksAreNotItsOwn) {
  int local = 0;
  EXPECT_FALSE(is_early(&local));
  EXPECT_FALSE(is_early(nullptr));
}

}  // namespace
}  // namespace heapscribe::bootstrap
