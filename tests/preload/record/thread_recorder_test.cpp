#include "preload/record/thread_recorder.h"

#include <gtest/gtest.h>

#include <thread>

#include "preload/record/live_blocks.h"
#include "preload/record/peak.h"
#include "tests/preload/record/session_fixture.h"

namespace heapscribe::record {
namespace {

// Every test runs on a thread of its own, so it has fresh counters. Stacks are made up: the frame
// that `capture` returns is the test's choice.
thread_local std::uintptr_t pretended_caller = 0x1234;

std::uint32_t pretend(std::uintptr_t* frames, std::uint32_t) {
  frames[0] = pretended_caller;
  return 1;
}

constexpr unwind::Frame kAnywhere{0, 0, 0};
constexpr std::size_t kUsable = LiveBlocks::kUnknownSize;

const void* block(std::uintptr_t number) {
  return reinterpret_cast<const void*>(number * 64);
}

void allocate(ThreadRecorder& mine, const void* made, std::size_t requested, std::size_t usable,
              wire::CallKind kind) {
  mine.allocated(*mine.site(kind, kAnywhere), made, requested, usable);
}

void release(ThreadRecorder& mine, const void* gone) {
  mine.released(mine.take(gone, kUsable), gone);
}

template <typename Body>
void on_new_thread(Body body) {
  open_test_session();
  set_mode(wire::Mode::Full);
  set_unwinder(false, pretend);
  std::thread([&] {
    const bootstrap::RecordingScope scope;
    ThreadRecorder* mine = recorder(scope);
    ASSERT_NE(mine, nullptr);
    body(*mine, *session.at<wire::CounterTable>(session.header().first_table));
  }).join();
}

wire::SiteRow* find_row(const wire::CounterTable& table, std::uintptr_t caller) {
  wire::Ref ref = table.blocks;
  while (ref != wire::kNoRef) {
    auto* rows_block = session.at<wire::RowBlock>(ref);
    auto* rows = reinterpret_cast<wire::SiteRow*>(rows_block + 1);
    for (std::uint32_t i = 0; i < rows_block->capacity; ++i) {
      if (rows[i].key == 0 || rows[i].stack == wire::kNoRef) continue;
      const auto* segment = session.at<wire::StackSegment>(rows[i].stack);
      if (*reinterpret_cast<const std::uint64_t*>(segment + 1) == caller) return &rows[i];
    }
    ref = rows_block->older;
  }
  return nullptr;
}

TEST(ThreadRecorder, CountsAllocationsAndFreesAtTheAllocatingSite) {
  on_new_thread([](ThreadRecorder& mine, const wire::CounterTable& table) {
    pretended_caller = 0xA1;
    allocate(mine, block(1001), 100, 104, wire::CallKind::Malloc);
    allocate(mine, block(1002), 50, 56, wire::CallKind::Malloc);
    pretended_caller = 0xA2;
    release(mine, block(1001));
    const wire::SiteRow* row = find_row(table, 0xA1);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->allocations, 2U);
    EXPECT_EQ(row->allocated_bytes, 150U);
    EXPECT_EQ(row->usable_bytes, 160U);
    EXPECT_EQ(row->frees, 1U);
    EXPECT_EQ(row->freed_bytes, 100U);
    EXPECT_EQ(row->min_size, 50U);
    EXPECT_EQ(row->max_size, 100U);
    EXPECT_EQ(row->temporary, 0U);
    EXPECT_EQ(find_row(table, 0xA2), nullptr);
    EXPECT_EQ(table.allocations, 2U);
    EXPECT_EQ(table.frees, 1U);
    release(mine, block(1002));
  });
}

TEST(ThreadRecorder, FreeingTheLastAllocationIsTemporary) {
  on_new_thread([](ThreadRecorder& mine, const wire::CounterTable& table) {
    allocate(mine, block(2001), 8, 24, wire::CallKind::New);
    allocate(mine, block(2002), 8, 24, wire::CallKind::New);
    release(mine, block(2002));
    release(mine, block(2001));
    EXPECT_EQ(table.temporary, 1U);
  });
}

TEST(ThreadRecorder, ReallocIsOneAllocationAndOneFree) {
  on_new_thread([](ThreadRecorder& mine, const wire::CounterTable& table) {
    pretended_caller = 0xB1;
    allocate(mine, block(3001), 10, 24, wire::CallKind::Malloc);
    pretended_caller = 0xB2;
    const BlockRecord old = mine.take(block(3001), kUsable);
    wire::SiteRow* site = mine.site(wire::CallKind::Realloc, kAnywhere);
    mine.resized(*site, old, block(3002), 500, 504);
    EXPECT_EQ(find_row(table, 0xB1)->frees, 1U);
    EXPECT_EQ(find_row(table, 0xB1)->freed_bytes, 10U);
    EXPECT_EQ(find_row(table, 0xB2)->reallocations, 1U);
    EXPECT_EQ(find_row(table, 0xB2)->allocated_bytes, 500U);
    EXPECT_EQ(table.reallocations, 1U);
    release(mine, block(3002));
  });
}

TEST(ThreadRecorder, FailedReallocKeepsTheBlock) {
  on_new_thread([](ThreadRecorder& mine, const wire::CounterTable& table) {
    allocate(mine, block(4001), 10, 24, wire::CallKind::Malloc);
    mine.not_resized(mine.take(block(4001), kUsable), block(4001), kUsable);
    EXPECT_EQ(table.failed, 1U);
    EXPECT_EQ(table.frees, 0U);
    release(mine, block(4001));
    EXPECT_EQ(table.frees, 1U);
    EXPECT_EQ(table.unknown_frees, 0U);
  });
}

TEST(ThreadRecorder, AForeignBlockIsAnUnknownFree) {
  on_new_thread([](ThreadRecorder& mine, const wire::CounterTable& table) {
    release(mine, block(5001));
    EXPECT_EQ(table.unknown_frees, 1U);
    EXPECT_EQ(table.frees, 0U);
  });
}

TEST(ThreadRecorder, AnotherThreadsFreeIsCountedOnItsOwnRowOfTheSameSite) {
  on_new_thread([](ThreadRecorder& mine, const wire::CounterTable&) {
    pretended_caller = 0xC1;
    allocate(mine, block(6001), 64, 72, wire::CallKind::Malloc);
  });
  on_new_thread([](ThreadRecorder& mine, const wire::CounterTable& table) {
    release(mine, block(6001));
    const wire::SiteRow* row = find_row(table, 0xC1);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->frees, 1U);
    EXPECT_EQ(row->freed_bytes, 64U);
    EXPECT_EQ(row->allocations, 0U);
  });
}

TEST(ThreadRecorder, RowsSurviveGrowthOfTheTable) {
  on_new_thread([](ThreadRecorder& mine, const wire::CounterTable& table) {
    for (std::uintptr_t site = 1; site <= 5000; ++site) {
      pretended_caller = 0xD0000 + site;
      allocate(mine, block(10'000 + site), site, site, wire::CallKind::Calloc);
    }
    for (std::uintptr_t site = 1; site <= 5000; ++site) release(mine, block(10'000 + site));
    std::uint64_t frees = 0;
    for (wire::Ref ref = table.blocks; ref != wire::kNoRef;) {
      const auto* rows_block = session.at<wire::RowBlock>(ref);
      const auto* rows = reinterpret_cast<const wire::SiteRow*>(rows_block + 1);
      for (std::uint32_t i = 0; i < rows_block->capacity; ++i) frees += rows[i].frees;
      ref = rows_block->older;
    }
    EXPECT_EQ(frees, 5000U);
    EXPECT_EQ(table.allocations, 5000U);
  });
}

struct ReleaseSum {
  std::uint64_t rows = 0, frees = 0, bytes = 0;
};

// All release rows whose stack begins with `caller`.
ReleaseSum released_by(const wire::CounterTable& table, std::uintptr_t caller) {
  ReleaseSum sum;
  for (wire::Ref ref = table.releases; ref != wire::kNoRef;) {
    const auto* rows_block = session.at<wire::ReleaseBlock>(ref);
    const auto* rows = reinterpret_cast<const wire::ReleaseRow*>(rows_block + 1);
    for (std::uint32_t i = 0; i < rows_block->capacity; ++i) {
      if (rows[i].key == 0 || rows[i].stack == wire::kNoRef) continue;
      const auto* segment = session.at<wire::StackSegment>(rows[i].stack);
      if (*reinterpret_cast<const std::uint64_t*>(segment + 1) != caller) continue;
      ++sum.rows;
      sum.frees += rows[i].frees;
      sum.bytes += rows[i].bytes;
    }
    ref = rows_block->older;
  }
  return sum;
}

void release_at(ThreadRecorder& mine, std::uintptr_t caller, const void* gone) {
  const BlockRecord record = mine.take(gone, kUsable);
  pretended_caller = caller;
  if (free_stacks_wanted) mine.note_release_stack(record, kAnywhere);
  mine.released(record, gone);
}

TEST(Releases, AreCountedForEachPairOfSiteAndStack) {
  open_test_session();
  set_free_stacks(true);
  on_new_thread([](ThreadRecorder& mine, const wire::CounterTable& table) {
    constexpr std::uintptr_t kSites = 300;  // more than the first block of rows holds
    for (std::uintptr_t site = 0; site < kSites; ++site) {
      for (std::uintptr_t round = 0; round < 3; ++round) {
        pretended_caller = 0xF0000 + site;
        const void* made = block(50'000 + site * 3 + round);
        allocate(mine, made, 10, 24, wire::CallKind::Malloc);
        release_at(mine, round == 0 ? 0xAA : 0xBB, made);
      }
    }
    const ReleaseSum once = released_by(table, 0xAA);
    EXPECT_EQ(once.rows, kSites);
    EXPECT_EQ(once.frees, kSites);
    EXPECT_EQ(once.bytes, 10 * kSites);
    EXPECT_EQ(released_by(table, 0xBB).frees, 2 * kSites);
  });
  set_free_stacks(false);
}

TEST(Releases, CostNoRowsUnlessWanted) {
  on_new_thread([](ThreadRecorder& mine, const wire::CounterTable& table) {
    const wire::Ref before = table.releases;
    allocate(mine, block(60'000), 10, 24, wire::CallKind::Malloc);
    release_at(mine, 0xAB, block(60'000));
    EXPECT_EQ(table.releases, before);
    EXPECT_EQ(released_by(table, 0xAB).rows, 0U);
  });
}

// The state at the high-water mark, of rows that changed after it and of rows that did not.
TEST(Peak, EveryRowKnowsWhatItHeldAtTheMark) {
  on_new_thread([](ThreadRecorder& mine, const wire::CounterTable& table) {
    const auto big = std::uint64_t{1} << 40;  // beyond whatever other tests left alive
    pretended_caller = 0xE1;
    allocate(mine, block(7001), big, big, wire::CallKind::Malloc);
    pretended_caller = 0xE2;
    allocate(mine, block(7002), big / 2, big / 2, wire::CallKind::Malloc);
    const std::int64_t peak = session.header().peak_bytes;
    release(mine, block(7002));
    pretended_caller = 0xE3;
    allocate(mine, block(7003), 16, 24, wire::CallKind::Malloc);
    EXPECT_EQ(session.header().peak_bytes, peak);
    const std::uint32_t epoch = session.header().epoch;
    const wire::SiteRow* untouched = find_row(table, 0xE1);
    const wire::SiteRow* changed = find_row(table, 0xE2);
    const wire::SiteRow* later = find_row(table, 0xE3);
    EXPECT_NE(untouched->epoch, epoch);
    ASSERT_EQ(changed->epoch, epoch);
    EXPECT_EQ(changed->peak_bytes, static_cast<std::int64_t>(big / 2));
    ASSERT_EQ(later->epoch, epoch);
    EXPECT_EQ(later->peak_bytes, 0);
    release(mine, block(7001));
    EXPECT_EQ(untouched->epoch, epoch);
    EXPECT_EQ(untouched->peak_bytes, static_cast<std::int64_t>(big));
  });
}

}  // namespace
}  // namespace heapscribe::record
