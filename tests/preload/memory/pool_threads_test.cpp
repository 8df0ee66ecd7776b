#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <mutex>
#include <thread>

#include "tests/preload/memory/pool_fixture.h"

namespace heapscribe::memory {
namespace {

using PoolThreads = PoolTest;

// Replaces blocks of its own at random, checking each before it goes.
bool churn(unsigned seed, int steps) {
  std::mt19937_64 random(seed);
  std::vector<FilledBlock> live(300);
  bool intact = true;
  for (int step = 0; step < steps; ++step) {
    FilledBlock& place = live[random() % live.size()];
    if (place.begin != nullptr) {
      intact = intact && place.is_intact();
      release(place.begin);
    }
    const std::size_t size = some_size(random);
    place = fill(allocate(size), size, static_cast<unsigned char>(random()));
  }
  for (const FilledBlock& block : live) {
    if (block.begin == nullptr) continue;
    intact = intact && block.is_intact();
    release(block.begin);
  }
  return intact;
}

TEST_F(PoolThreads, ManyWorkAtOnceWithoutMeeting) {
  std::atomic<int> broken{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] { broken += !churn(i, 60'000); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(broken, 0);
}

// Every block is freed by a thread other than its maker.
TEST_F(PoolThreads, BlocksAreFreedByOthers) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kBlocks = 3'000;
  std::vector<std::vector<FilledBlock>> made(kThreads, std::vector<FilledBlock>(kBlocks));
  std::atomic<int> broken{0};
  std::barrier round(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t self = 0; self < kThreads; ++self) {
    threads.emplace_back([&, self] {
      std::mt19937_64 random(self);
      for (int repeat = 0; repeat < 15; ++repeat) {
        for (FilledBlock& block : made[self]) {
          const std::size_t size = some_size(random);
          block = fill(allocate(size), size, static_cast<unsigned char>(random()));
        }
        round.arrive_and_wait();
        for (const FilledBlock& block : made[(self + 1) % kThreads]) {
          broken += !block.is_intact();
          release(block.begin);
        }
        round.arrive_and_wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(broken, 0);
}

// Blocks pass through the magazines, not through fresh memory.
TEST_F(PoolThreads, AStreamFromOneThreadToAnotherReusesItsBlocks) {
  constexpr std::size_t kRounds = 400;
  std::vector<void*> blocks(500);
  std::barrier turn(2);
  std::thread other([&] {
    for (std::size_t i = 0; i < kRounds; ++i) {
      turn.arrive_and_wait();
      for (void* block : blocks) release(block);
      turn.arrive_and_wait();
    }
  });
  const std::int64_t before = pool_record().held_bytes.load();
  for (std::size_t i = 0; i < kRounds; ++i) {
    for (void*& block : blocks) block = allocate(200);
    turn.arrive_and_wait();
    turn.arrive_and_wait();
  }
  other.join();
  EXPECT_LT(pool_record().held_bytes.load() - before, 2'000'000);
}

TEST_F(PoolThreads, ThoseThatComeAndGoLeaveNothingBehind) {
  const auto use = [] {
    std::vector<void*> blocks(2'000);
    for (void*& block : blocks) block = allocate(500);
    for (void* block : blocks) release(block);
  };
  for (int i = 0; i < 20; ++i) std::thread(use).join();
  const std::uint32_t heaps = pool_record().heaps.load();
  const std::int64_t held = pool_record().held_bytes.load();
  for (int i = 0; i < 300; ++i) std::thread(use).join();
  // A thread's id may linger for a moment after it has been joined.
  EXPECT_LT(pool_record().heaps.load() - heaps, 30U);
  EXPECT_LT(pool_record().held_bytes.load() - held, 4'000'000);
}

TEST_F(PoolThreads, AThreadCostsFewBytes) {
  constexpr int kThreads = 200;
  std::barrier all(kThreads + 1);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  const std::uint64_t before = pool_record().metadata_bytes.load();
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (std::size_t size = 16; size < 200; size += 16) release(allocate(size));
      all.arrive_and_wait();
      all.arrive_and_wait();
    });
  }
  all.arrive_and_wait();
  const std::uint64_t each = (pool_record().metadata_bytes.load() - before) / kThreads;
  all.arrive_and_wait();
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(each, 20'000U);
}

// The sanitizers' own allocators do not survive this.
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)

// The child of a busy process goes on with all blocks, those of other threads too.
TEST_F(PoolThreads, AForkInTheMiddleOfItLeavesAWorkingChild) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  std::mutex lock;
  std::vector<FilledBlock> shared;
  for (unsigned i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      std::mt19937_64 random(i);
      while (!stop) {
        churn(i, 200);
        const FilledBlock block = fill(allocate(100), 100, static_cast<unsigned char>(i));
        const std::lock_guard guard(lock);
        if (shared.size() < 10'000) {
          shared.push_back(block);
        } else {
          release(block.begin);
        }
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    const std::lock_guard guard(lock);
    const pid_t child = fork();
    if (child == 0) {
      for (const FilledBlock& block : shared) {
        if (!block.is_intact()) _exit(1);
        release(block.begin);
      }
      bool fine = churn(99, 5'000);
      std::thread([&] { fine = fine && churn(98, 5'000); }).join();
      _exit(fine ? 0 : 2);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  for (const FilledBlock& block : shared) release(block.begin);
}

TEST_F(PoolThreads, AChildCountsOnItsOwn) {
  release(allocate(48));
  wire::PoolThread* counters = thread_heap->counters;
  const pid_t child = fork();
  if (child == 0) {
    const bool own = thread_heap->counters != counters;
    release(allocate(48));
    _exit(own ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

#endif

}  // namespace
}  // namespace heapscribe::memory
