#include "preload/record/block_table.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <thread>
#include <unordered_map>
#include <vector>

namespace heapscribe::record {
namespace {

std::unique_ptr<BlockTable> make_table() {
  return std::make_unique<BlockTable>();
}

TEST(BlockTable, GivesBackWhatWasPutInOnce) {
  auto table = make_table();
  ASSERT_TRUE(table->insert(0x7f00'0000'1230, {42, 100}));
  const BlockRecord record = table->take(0x7f00'0000'1230);
  EXPECT_EQ(record.row, 42U);
  EXPECT_EQ(record.size, 100U);
  EXPECT_EQ(table->take(0x7f00'0000'1230).row, wire::kNoRef);
}

TEST(BlockTable, UnknownBlocksAreNotFound) {
  auto table = make_table();
  EXPECT_EQ(table->take(0x1000).row, wire::kNoRef);
  ASSERT_TRUE(table->insert(0x1000, {1, 1}));
  EXPECT_EQ(table->take(0x1008).row, wire::kNoRef);
}

TEST(BlockTable, KeepsSizesBeyondFourGiB) {
  auto table = make_table();
  const std::uint64_t huge = (std::uint64_t{37} << 36) + 5;
  ASSERT_TRUE(table->insert(0x7fff'ffff'f000, {0xFFFF'FFFF, huge}));
  const BlockRecord record = table->take(0x7fff'ffff'f000);
  EXPECT_EQ(record.size, huge);
  EXPECT_EQ(record.row, 0xFFFF'FFFFU);
}

// A million live blocks push it through a dozen tables; blocks of every age must be found.
TEST(BlockTable, FindsOldAndNewBlocksWhileItGrows) {
  auto table = make_table();
  constexpr std::uint32_t kBlocks = 1'000'000;
  const auto address = [](std::uint32_t i) {
    return std::uintptr_t{0x5555'0000'0000} + std::uintptr_t{i} * 48;
  };
  for (std::uint32_t i = 1; i <= kBlocks; ++i) ASSERT_TRUE(table->insert(address(i), {i, i}));
  for (std::uint32_t i = 1; i <= kBlocks; ++i) {
    const BlockRecord record = table->take(address(i));
    ASSERT_EQ(record.row, i);
    ASSERT_EQ(record.size, i);
  }
}

TEST(BlockTable, AgreesWithAMapUnderRandomChurn) {
  auto table = make_table();
  std::unordered_map<std::uintptr_t, std::uint32_t> truth;
  std::mt19937_64 random(1);
  for (std::uint32_t i = 1; i <= 2'000'000; ++i) {
    const std::uintptr_t block = (random() % 50'000 + 1) * 16;
    if (const auto known = truth.find(block); known != truth.end()) {
      ASSERT_EQ(table->take(block).row, known->second);
      truth.erase(known);
    } else {
      ASSERT_EQ(table->take(block).row, wire::kNoRef);
      ASSERT_TRUE(table->insert(block, {i, 1}));
      truth.emplace(block, i);
    }
  }
}

TEST(BlockTable, ThreadsWorkOnTheirOwnBlocksWithoutLosingAny) {
  auto table = make_table();
  std::atomic<std::uint64_t> lost{0};
  std::vector<std::thread> threads;
  for (std::uint32_t id = 1; id <= 4; ++id) {
    threads.emplace_back([&, id] {
      const auto address = [id](std::uint32_t i) {
        return (std::uintptr_t{id} << 40) + std::uintptr_t{i} * 16;
      };
      for (int round = 0; round < 3; ++round) {
        for (std::uint32_t i = 1; i <= 100'000; ++i) {
          if (!table->insert(address(i), {i, id})) ++lost;
        }
        for (std::uint32_t i = 1; i <= 100'000; ++i) {
          const BlockRecord record = table->take(address(i));
          if (record.row != i || record.size != id) ++lost;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lost, 0U);
}

}  // namespace
}  // namespace heapscribe::record
