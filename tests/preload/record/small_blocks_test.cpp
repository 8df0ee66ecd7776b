#include "preload/record/small_blocks.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace heapscribe::record {
namespace {

constexpr std::uintptr_t kHeap = 0x7f12'3400'0000;
constexpr wire::Ref kRow = 4096;

class SmallBlocksTest : public ::testing::Test {
 protected:
  SmallBlocksTest() { blocks_.enable(); }
  SmallBlocks blocks_;
};

TEST_F(SmallBlocksTest, GivesBackWhatWasPutInOnce) {
  ASSERT_TRUE(blocks_.insert(kHeap, 120, 100, kRow));
  std::uint64_t requested = 0;
  EXPECT_EQ(blocks_.take(kHeap, 120, requested), kRow);
  EXPECT_EQ(requested, 100U);
  EXPECT_EQ(blocks_.take(kHeap, 120, requested), wire::kNoRef);
}

TEST_F(SmallBlocksTest, EveryBlockOfAHeapHasItsOwnEntry) {
  constexpr std::uint32_t kBlocks = 100'000;
  for (std::uint32_t i = 0; i < kBlocks; ++i) {
    ASSERT_TRUE(blocks_.insert(kHeap + 16 + i * 32, 24, i % 25, (i + 1) * 4));
  }
  for (std::uint32_t i = kBlocks; i-- > 0;) {
    std::uint64_t requested = 0;
    ASSERT_EQ(blocks_.take(kHeap + 16 + i * 32, 24, requested), (i + 1) * 4);
    ASSERT_EQ(requested, i % 25);
  }
}

TEST_F(SmallBlocksTest, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(blocks_.insert(kHeap, SmallBlocks::kLargest + 1, 600, kRow));
  EXPECT_FALSE(blocks_.insert(kHeap, 120, 80, kRow));                     // slack
  EXPECT_FALSE(blocks_.insert(kHeap, 120, 120, wire::Ref{1} << 29));      // row
  EXPECT_FALSE(blocks_.insert(std::uintptr_t{1} << 47, 120, 120, kRow));  // kernel's half
  EXPECT_FALSE(blocks_.insert(kHeap, ~std::size_t{0}, 100, kRow));        // size not known
  std::uint64_t requested = 0;
  EXPECT_EQ(blocks_.take(kHeap, 120, requested), wire::kNoRef);
}

TEST(SmallBlocks, KeepsNothingUntilEnabled) {
  SmallBlocks blocks;
  EXPECT_FALSE(blocks.insert(kHeap, 120, 100, kRow));
  std::uint64_t requested = 0;
  EXPECT_EQ(blocks.take(kHeap, 120, requested), wire::kNoRef);
}

TEST_F(SmallBlocksTest, ThreadsMayMeetInANewChunk) {
  std::vector<std::thread> threads;
  for (std::uintptr_t number = 0; number < 4; ++number) {
    threads.emplace_back([this, number] {
      for (std::uintptr_t i = 0; i < 1000; ++i) {
        const std::uintptr_t block = (i << 26) + number * 32 + kHeap % (1 << 26);
        EXPECT_TRUE(blocks_.insert(block, 24, 24, static_cast<wire::Ref>((i + 1) * 4)));
        std::uint64_t requested = 0;
        EXPECT_EQ(blocks_.take(block, 24, requested), (i + 1) * 4);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace heapscribe::record
