#include "preload/memory/pool.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <set>

#include "tests/preload/memory/pool_fixture.h"

namespace heapscribe::memory {
namespace {

std::size_t resident_bytes(const void* begin, std::size_t bytes) {
  std::vector<unsigned char> pages(bytes / 4096);
  EXPECT_EQ(mincore(const_cast<void*>(begin), bytes, pages.data()), 0);
  std::size_t resident = 0;
  for (const unsigned char page : pages) resident += (page & 1U) * 4096U;
  return resident;
}

TEST_F(PoolTest, ServesEverySizeAlignedAndApart) {
  std::vector<FilledBlock> blocks;
  for (std::size_t size = 0; size < 70'000; size += size < 1'200 ? 1 : 997) {
    void* block = allocate(size);
    ASSERT_NE(block, nullptr);
    ASSERT_TRUE(owns(block));
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block) % 16, 0U);
    ASSERT_GE(usable_size(block), size);
    blocks.push_back(fill(block, usable_size(block), static_cast<unsigned char>(size)));
  }
  for (const FilledBlock& block : blocks) {
    ASSERT_TRUE(block.is_intact());
    release(block.begin);
  }
}

TEST_F(PoolTest, BlocksOfNoBytesAreDistinct) {
  std::set<void*> blocks;
  for (int i = 0; i < 100; ++i) blocks.insert(allocate(0));
  EXPECT_EQ(blocks.size(), 100U);
  EXPECT_FALSE(blocks.contains(nullptr));
  for (void* block : blocks) release(block);
}

TEST_F(PoolTest, HonoursEveryAlignment) {
  for (std::size_t alignment = 1; alignment <= std::size_t{64} << 20; alignment *= 2) {
    for (const std::size_t size : {0U, 1U, 24U, 100U, 1'000U, 33'000U, 3'000'000U}) {
      void* block = allocate_aligned(alignment, size);
      ASSERT_NE(block, nullptr) << alignment << " " << size;
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0U);
      ASSERT_GE(usable_size(block), size);
      fill(block, size, 1);
      release(block);
    }
  }
}

TEST_F(PoolTest, RefusesWhatIsTooLargeWithoutTouchingErrno) {
  errno = 0;
  for (const std::size_t size : {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1, std::size_t{1} << 41}) {
    EXPECT_EQ(allocate(size), nullptr);
    EXPECT_EQ(allocate_zeroed(size), nullptr);
    EXPECT_EQ(allocate_aligned(64, size), nullptr);
  }
  EXPECT_EQ(allocate_aligned(std::size_t{1} << 40, 1), nullptr);
  EXPECT_EQ(errno, 0);
}

TEST_F(PoolTest, ZeroedBlocksAreZeroAfterTheirPlaceWasUsed) {
  for (const std::size_t size : {1U, 40U, 1'000U, 20'000U, 100'000U, 1'500'000U}) {
    for (int round = 0; round < 20; ++round) {
      void* block = allocate_zeroed(size);
      ASSERT_EQ(fill(block, 0, 0).size, 0U);
      const FilledBlock zeroes{static_cast<unsigned char*>(block), size, 0};
      ASSERT_TRUE(zeroes.is_intact()) << size;
      fill(block, usable_size(block), 0xFF);
      release(block);
    }
  }
}

TEST_F(PoolTest, ResizingKeepsTheContents) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    std::size_t size = some_size(random) + 1;
    FilledBlock block = fill(allocate(size), size, static_cast<unsigned char>(round));
    for (int step = 0; step < 12; ++step) {
      size = step % 3 == 0 ? size * 2 : some_size(random) * (1 + random() % 8) + 1;
      auto* moved = static_cast<unsigned char*>(resize(block.begin, size));
      ASSERT_NE(moved, nullptr);
      ASSERT_GE(usable_size(moved), size);
      block.begin = moved;
      if (size < block.size) block.size = size;
      ASSERT_TRUE(block.is_intact()) << size;
      block = fill(moved, size, static_cast<unsigned char>(step));
    }
    release(block.begin);
  }
}

TEST_F(PoolTest, AHugeBlockGrowsWithoutCopyingAndKeepsOldPagesUnharmed) {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  auto* block = static_cast<unsigned char*>(allocate(kMiB));
  fill(block, kMiB, 7);
  for (std::size_t size = 2 * kMiB; size <= 256 * kMiB; size *= 2) {
    block = static_cast<unsigned char*>(resize(block, size));
    ASSERT_NE(block, nullptr);
    const FilledBlock begin{block, kMiB, 7};
    ASSERT_TRUE(begin.is_intact());
    block[size - 1] = 9;
  }
  block = static_cast<unsigned char*>(resize(block, 3 * kMiB));
  const FilledBlock begin{block, kMiB, 7};
  EXPECT_TRUE(begin.is_intact());
  release(block);
}

TEST_F(PoolTest, MemoryOfFreedBlocksGoesBackToTheSystem) {
  constexpr std::size_t kBlocks = 200'000;
  const std::int64_t before = pool_record().held_bytes.load();
  std::vector<void*> blocks(kBlocks);
  for (void*& block : blocks) block = fill(allocate(400), 400, 1).begin;
  const std::int64_t peak = pool_record().held_bytes.load();
  ASSERT_GT(peak - before, std::int64_t{kBlocks} * 400);
  for (void* block : blocks) release(block);
  EXPECT_LT(pool_record().held_bytes.load() - before, (peak - before) / 4);
  EXPECT_LT(pool_record().kept_bytes.load(), peak / 2);

  auto* huge = static_cast<unsigned char*>(allocate(64 << 20));
  fill(huge, 64 << 20, 1);
  release(huge);
  EXPECT_LT(resident_bytes(huge, 64 << 20), std::size_t{64} << 20);
}

TEST_F(PoolTest, TablesAreASmallShareOfWhatTheyDescribe) {
  std::vector<void*> blocks(300'000);
  for (void*& block : blocks) block = allocate(100);
  const wire::PoolRecord& record = pool_record();
  EXPECT_LT(record.metadata_bytes.load() * 50,
            static_cast<std::uint64_t>(record.held_bytes.load()));
  for (void* block : blocks) release(block);
}

TEST_F(PoolTest, EveryBlockHasAWordOfItsOwn) {
  std::vector<void*> blocks;
  std::set<std::uint64_t*> words;
  for (std::size_t size = 1; size < 100'000; size += 1 + size / 50) {
    for (int i = 0; i < 5; ++i) blocks.push_back(allocate(size));
  }
  for (void* block : blocks) {
    std::uint64_t* word = record_word(block);
    ASSERT_NE(word, nullptr) << usable_size(block);
    ASSERT_TRUE(words.insert(word).second);
    EXPECT_EQ(*word, 0U);
    *word = reinterpret_cast<std::uintptr_t>(block);
    EXPECT_EQ(record_word(static_cast<char*>(block) + 8), nullptr);
  }
  for (void* block : blocks) {
    EXPECT_EQ(*record_word(block), reinterpret_cast<std::uintptr_t>(block));
    *record_word(block) = 0;
    release(block);
  }
  int local = 0;
  EXPECT_EQ(record_word(&local), nullptr);
  EXPECT_EQ(record_word(nullptr), nullptr);
}

TEST_F(PoolTest, ForeignPointersAreNotOwned) {
  int local = 0;
  EXPECT_FALSE(owns(&local));
  EXPECT_FALSE(owns(nullptr));
  EXPECT_FALSE(owns(std::make_unique<int>().get()));
  EXPECT_FALSE(owns(reinterpret_cast<void*>(UINTPTR_MAX)));
}

TEST_F(PoolTest, CountsWhatItDoes) {
  void* block = allocate(1'000);
  const unsigned c = size_class(1'000);
  const ClassHeap& place = thread_heap->classes[c];
  const std::uint64_t allocations = place.allocations.load();
  const std::uint64_t requested = place.requested_bytes.load();
  for (int i = 0; i < 10'000; ++i) release(allocate(1'000));
  EXPECT_EQ(place.allocations.load() - allocations, 10'000U);
  EXPECT_EQ(place.requested_bytes.load() - requested, 10'000'000U);
  release(block);
  publish_everything();
  const wire::PoolThread& counters = *thread_heap->counters;
  EXPECT_EQ(counters.classes[c].allocations.load(), place.allocations.load());
  EXPECT_LT(counters.classes[c].refills.load(), 100U);
  EXPECT_GE(counters.timed_allocations.load(), 9U);
}

using PoolDeathTest = PoolTest;

TEST_F(PoolDeathTest, AReleaseOfNoBlockIsNoticed) {
  GTEST_FLAG_SET(death_test_style, "fast");
  auto* block = static_cast<char*>(allocate(100));
  EXPECT_DEATH(release(block + 16), "where no block begins");
  auto* huge = static_cast<char*>(allocate(100'000));
  EXPECT_DEATH(release(huge + 4096), "where no block begins");
  release(huge);
  EXPECT_DEATH(release(huge), "where no block begins");
  release(block);
}

TEST_F(PoolDeathTest, AnImmediateDoubleReleaseIsNoticed) {
  GTEST_FLAG_SET(death_test_style, "fast");
  void* block = allocate(100);
  release(block);
  EXPECT_DEATH(release(block), "free already");
}

}  // namespace
}  // namespace heapscribe::memory
