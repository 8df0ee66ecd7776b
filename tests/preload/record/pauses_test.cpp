// Runs of releases, timed calls and the ring they go to, with a clock of the test's own.
#include "preload/record/pauses.h"

#include <gtest/gtest.h>

#include "preload/bootstrap/thread_state.h"
#include "tests/preload/record/session_fixture.h"

namespace heapscribe::record {
namespace {

constexpr std::uint64_t kThreshold = 100'000;  // ns; a tick of this clock is one
constexpr std::uint64_t kStep = 10'000;
constexpr wire::Ref kSite = 7;

class Pauses : public ::testing::Test {
 protected:
  Pauses() {
    open_test_session();
    set_pauses(kThreshold, 1000);
    table_ = static_cast<wire::CounterTable*>(session.allocate(sizeof(wire::CounterTable)));
    watch_.begin_thread(*table_, 5, 42);
  }
  ~Pauses() override { stop_clock(); }

  // So many releases of 10 bytes, then a look.
  bool release_and_look(std::uint64_t blocks, std::uint64_t after, wire::Ref site = kSite) {
    now_ += after;
    table_->frees += blocks;
    table_->freed_bytes += 10 * blocks;
    if (!watch_.only_releases(*table_)) return false;
    return watch_.look_at_storm(*table_, now_, site);
  }
  void storm(int looks) {
    for (int i = 0; i < looks; ++i) release_and_look(16, kStep);
  }
  void allocate() { table_->allocations += 1; }
  // Another storm begins: the one before is over.
  void end_storm() {
    allocate();
    release_and_look(16, 1'000'000'000);
    release_and_look(16, kStep);
  }

  const wire::PauseTable& pauses() const { return *session.at<wire::PauseTable>(table_->pauses); }
  const wire::PauseEvent& event(std::uint64_t number) const {
    return session.at<wire::PauseRing>(pauses().ring)->events[number % wire::PauseRing::kEvents];
  }

  std::uint64_t now_ = 1'000'000;
  wire::CounterTable* table_ = nullptr;
  PauseWatch watch_{};
};

TEST_F(Pauses, ARunOfReleasesIsAStormWithExactBlocksAndBytes) {
  storm(51);
  end_storm();
  ASSERT_EQ(pauses().head, 1U);
  EXPECT_EQ(event(0).kind, wire::PauseKind::ReleaseStorm);
  EXPECT_EQ(event(0).ticks, 50 * kStep);
  EXPECT_EQ(event(0).blocks, 50U * 16);
  EXPECT_EQ(event(0).bytes, 50U * 160);
  EXPECT_EQ(event(0).thread, 5U);
  EXPECT_EQ(event(0).continues, 0);
}

TEST_F(Pauses, AShortRunIsNone) {
  storm(10);
  end_storm();
  EXPECT_EQ(pauses().head, 0U);
}

TEST_F(Pauses, ReleasesBetweenAllocationsAreNone) {
  for (int i = 0; i < 100; ++i) {
    allocate();
    release_and_look(16, kStep);
  }
  EXPECT_EQ(table_->pauses, wire::kNoRef);
}

TEST_F(Pauses, ASingleAllocationDoesNotEndAStorm) {
  storm(20);
  allocate();
  storm(21);
  end_storm();
  ASSERT_EQ(pauses().head, 1U);
  EXPECT_EQ(event(0).ticks, 40 * kStep);
  EXPECT_EQ(event(0).blocks, 40U * 16);
}

TEST_F(Pauses, AGapEndsAStormAndTheNextOneContinuesIt) {
  storm(21);
  release_and_look(16, 1'000'000);
  storm(20);
  end_storm();
  ASSERT_EQ(pauses().head, 2U);
  EXPECT_EQ(event(0).blocks, 20U * 16);
  EXPECT_EQ(event(1).continues, 1);
  EXPECT_EQ(event(1).begin, event(0).begin + event(0).ticks + 1'000'000);
  EXPECT_EQ(event(1).blocks, 21U * 16);  // what went during the gap is its own
}

TEST_F(Pauses, AStormThatBeginsWithATooShortPartContinuesNone) {
  storm(21);
  allocate();
  release_and_look(16, 1'000'000);
  storm(3);
  release_and_look(16, 1'000'000);
  storm(20);
  end_storm();
  ASSERT_EQ(pauses().head, 2U);
  EXPECT_EQ(event(1).continues, 0);
}

TEST_F(Pauses, ATooShortPartInTheMiddleDoesNotBreakTheChain) {
  storm(21);
  release_and_look(16, 1'000'000);
  storm(3);
  release_and_look(16, 1'000'000);
  storm(20);
  end_storm();
  ASSERT_EQ(pauses().head, 2U);
  EXPECT_EQ(event(1).continues, 1);
}

TEST_F(Pauses, TimeInTheAllocatorIsNoGap) {
  storm(21);
  CallTimes slow{.hook_begin = now_, .begin = now_, .end = now_ + 1'000'000, .hook_end = 0};
  watch_.count_call(wire::TimedCall::Free, {.look = false, .stands_for = 1}, slow);
  release_and_look(16, 1'000'000 + kStep);
  end_storm();
  ASSERT_EQ(pauses().head, 1U);
  EXPECT_EQ(event(0).ticks, 21 * kStep + 1'000'000);
}

TEST_F(Pauses, TheStormAtHandLiesInTheSession) {
  storm(51);
  EXPECT_EQ(pauses().head, 0U);
  EXPECT_EQ(pauses().open.ticks, 50 * kStep);
  EXPECT_EQ(pauses().open.blocks, 50U * 16);
}

TEST_F(Pauses, AStormOfAnEndedThreadIsWrittenUnderItsNumber) {
  storm(51);
  watch_.begin_thread(*table_, 6, 43);
  ASSERT_EQ(pauses().head, 1U);
  EXPECT_EQ(event(0).thread, 5U);
  EXPECT_EQ(pauses().open.ticks, 0U);
}

TEST_F(Pauses, TheStackIsAskedForSeldomerTheLongerAStormLasts) {
  int wanted = 0;
  for (int i = 0; i < 1000; ++i) {
    if (!release_and_look(16, kStep)) continue;
    watch_.note_storm_stack(static_cast<wire::Ref>(++wanted));
  }
  EXPECT_GE(wanted, 5);
  EXPECT_LE(wanted, 9);
  EXPECT_EQ(pauses().open.stack, 1U);
  EXPECT_EQ(pauses().open.other_stack, static_cast<wire::Ref>(wanted));
}

TEST_F(Pauses, TheCommonSitesOfAStormAreKept) {
  for (int i = 0; i < 200; ++i) {
    release_and_look(16, kStep, i % 4 != 0 ? 100 : static_cast<wire::Ref>(200 + i));
  }
  std::uint32_t looks = 0;
  std::uint32_t common = 0;
  for (const wire::ReclaimedSite& site : pauses().open.sites) {
    looks += site.looks;
    if (site.row == 100) common = site.looks;
  }
  EXPECT_EQ(looks, 200U);
  EXPECT_GE(common, 150U);
}

TEST_F(Pauses, AFullRingCountsWhatItCannotTake) {
  storm(2);
  const wire::PauseEvent stall =
      watch_.event_of(wire::TimedCall::Free, {.look = false, .stands_for = 1}, {});
  for (std::uint64_t i = 0; i < wire::PauseRing::kEvents + 3; ++i) watch_.write(stall);
  EXPECT_EQ(pauses().head, wire::PauseRing::kEvents);
  EXPECT_EQ(pauses().lost, 3U);
}

TEST_F(Pauses, SlowCallsAreEventsAndAllAreCounted) {
  const Watch large{.look = false, .stands_for = 1};
  const CallTimes fast{.hook_begin = 0, .begin = 1000, .end = 2000, .hook_end = 0};
  const CallTimes slow{.hook_begin = 0, .begin = 1000, .end = 1'000'000, .hook_end = 0};
  EXPECT_FALSE(watch_.count_call(wire::TimedCall::Allocate, large, fast));
  EXPECT_TRUE(watch_.count_call(wire::TimedCall::Allocate, large, slow));
  EXPECT_EQ(pauses().large[0].calls, 2U);
  EXPECT_LE(pauses().large[0].longest, 999'000U);
  EXPECT_EQ(pauses().sampled[0].calls, 0U);
}

// 0.3 % is six standard deviations of the number of looks.
TEST_F(Pauses, OneCallIn64IsTimedWhereverItFalls) {
  constexpr int kCalls = 4'000'000;
  int timed = 0;
  int even = 0;
  bootstrap::thread_state.until_look = 0;
  for (int i = 0; i < kCalls; ++i) {
    if (--bootstrap::thread_state.until_look >= 0) continue;
    const Watch watch = watch_.begin(100);
    EXPECT_TRUE(watch.look);
    if (watch.stands_for == 0) continue;
    EXPECT_EQ(watch.stands_for, 64);
    ++timed;
    even += i % 2 == 0 ? 1 : 0;
  }
  EXPECT_NEAR(timed, kCalls / 64, kCalls / 64 / 30);
  EXPECT_NEAR(even, timed / 2, timed / 40);
}

TEST_F(Pauses, LargeCallsAreTimedEach) {
  bootstrap::thread_state.until_look = 1000;
  const Watch watch = watch_.begin(wire::kLargeCall);
  EXPECT_EQ(watch.stands_for, 1);
  EXPECT_FALSE(watch.look);
}

TEST_F(Pauses, NothingIsTimedOnceTheClockIsForbidden) {
  stop_clock();
  bootstrap::thread_state.until_look = -1;
  const Watch watch = watch_.begin(wire::kLargeCall);
  EXPECT_EQ(watch.stands_for, 0);
  EXPECT_FALSE(watch.look);
  EXPECT_GT(bootstrap::thread_state.until_look, 1'000'000'000);
}

}  // namespace
}  // namespace heapscribe::record
