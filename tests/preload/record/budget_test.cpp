#include "preload/record/budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "tests/preload/record/session_fixture.h"

namespace heapscribe::record {
namespace {

using wire::BreachState;
using wire::BudgetAction;
using wire::BudgetFigure;

wire::SiteRow* site() {
  return session.at<wire::SiteRow>(64);
}

class BudgetedCalls : public ::testing::Test {
 protected:
  void SetUp() override { open_test_session(); }
  void TearDown() override {
    wire::Budget& budget = session.header().budget;
    for (wire::BudgetLimit& limit : budget.limits) {
      limit.limit = 0;
      limit.refused = 0;
      limit.breach.state = BreachState::None;
    }
    budget.is_set = 0;
  }
  static wire::BudgetLimit& limit(BudgetFigure figure) {
    return session.header().budget.limits[static_cast<std::size_t>(figure)];
  }
  static void set(BudgetFigure figure, std::uint64_t most, BudgetAction action) {
    session.header().budget.is_set = 1;
    session.header().budget.action = action;
    limit(figure).limit = most;
    begin_budget(0, 0, 0);
  }
  static std::int64_t live() {
    return session.header().budget.values[static_cast<std::size_t>(BudgetFigure::Peak)];
  }
  static BudgetedCall ask(std::uint64_t bytes, std::uint64_t replaced = 0) {
    BudgetedCall call;
    call.ask(*site(), 7, bytes, replaced);
    return call;
  }
  // As a hook would, with an allocator that serves.
  static bool serve(std::uint64_t bytes) {
    const BudgetedCall call = ask(bytes);
    const bool served = call.may_go_on();
    call.done(served);
    return served;
  }
};

TEST_F(BudgetedCalls, ACallThatIsNotAskedGoesOn) {
  set(BudgetFigure::Peak, 100, BudgetAction::Refuse);
  const BudgetedCall call;
  EXPECT_TRUE(call.may_go_on());
  call.done(true);
  EXPECT_EQ(live(), 0);
}

TEST_F(BudgetedCalls, LiveBytesUpToTheLimitAreServed) {
  set(BudgetFigure::Peak, 100, BudgetAction::Refuse);
  EXPECT_TRUE(serve(60));
  EXPECT_TRUE(serve(40));
  EXPECT_EQ(limit(BudgetFigure::Peak).breach.state, BreachState::None);
  errno = 0;
  EXPECT_FALSE(serve(1));
  EXPECT_EQ(errno, ENOMEM);
  give_back_to_budget(60);
  EXPECT_TRUE(serve(60)) << "there is room again";
}

TEST_F(BudgetedCalls, TheFirstBreachIsKept) {
  set(BudgetFigure::Bytes, 100, BudgetAction::Log);
  EXPECT_TRUE(serve(90));
  EXPECT_TRUE(serve(20));
  EXPECT_TRUE(serve(30));
  const wire::Breach& breach = limit(BudgetFigure::Bytes).breach;
  EXPECT_EQ(breach.state, BreachState::Noted);
  EXPECT_EQ(breach.requested, 20U);
  EXPECT_EQ(breach.value, 110U);
  EXPECT_EQ(breach.thread, 7U);
  EXPECT_EQ(breach.site, session.ref(site()));
}

TEST_F(BudgetedCalls, WhatTheAllocatorRefusesIsNotCounted) {
  set(BudgetFigure::Allocations, 1, BudgetAction::Refuse);
  const BudgetedCall failed = ask(10);
  EXPECT_TRUE(failed.may_go_on());
  failed.done(false);
  EXPECT_TRUE(serve(10));
  EXPECT_FALSE(serve(10));
}

TEST_F(BudgetedCalls, WhatIsBeingServedCounts) {
  set(BudgetFigure::Peak, 100, BudgetAction::Refuse);
  const BudgetedCall under_way = ask(70);
  EXPECT_FALSE(serve(40));
  under_way.done(false);
  EXPECT_TRUE(serve(40));
}

TEST_F(BudgetedCalls, ARefusedCallTakesNothingOfAnyFigure) {
  set(BudgetFigure::Bytes, 100, BudgetAction::Refuse);
  EXPECT_FALSE(serve(101));
  EXPECT_EQ(live(), 0);
  EXPECT_TRUE(serve(100));
}

TEST_F(BudgetedCalls, WhatTheAllocatorRefusesAnywayIsNoBreach) {
  set(BudgetFigure::Peak, 100, BudgetAction::Log);
  const BudgetedCall huge = ask(std::uint64_t{1} << 46);
  EXPECT_TRUE(huge.may_go_on());
  huge.done(false);
  EXPECT_EQ(limit(BudgetFigure::Peak).breach.state, BreachState::None);
}

TEST_F(BudgetedCalls, NoLimitIsPassedByThreads) {
  set(BudgetFigure::Peak, 300, BudgetAction::Refuse);
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20000; ++round) {
        if (serve(1000)) ADD_FAILURE();
        if (!serve(75)) ++refused;
        if (live() > 300) ADD_FAILURE();
        give_back_to_budget(75);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 0) << "large requests of others are nobody else's";
  EXPECT_EQ(live(), 0);
}

TEST_F(BudgetedCalls, WhatMakesABlockSmallerIsServed) {
  set(BudgetFigure::Peak, 100, BudgetAction::Refuse);
  EXPECT_TRUE(serve(100));
  const BudgetedCall smaller = ask(80, 100);
  EXPECT_TRUE(smaller.may_go_on());
  smaller.done(true);
  EXPECT_EQ(live(), 80);
}

TEST_F(BudgetedCalls, RefusalsAreCountedWhenToldSo) {
  set(BudgetFigure::Allocations, 1, BudgetAction::Refuse);
  EXPECT_TRUE(serve(1));
  const BudgetedCall tried_again = ask(1);
  EXPECT_FALSE(tried_again.may_go_on());
  EXPECT_EQ(limit(BudgetFigure::Allocations).refused, 0U);
  tried_again.count_refusal();
  EXPECT_EQ(limit(BudgetFigure::Allocations).refused, 1U);
}

TEST_F(BudgetedCalls, AnImpossibleSizeIsLeftToTheAllocator) {
  set(BudgetFigure::Bytes, 100, BudgetAction::Refuse);
  EXPECT_TRUE(ask(~std::uint64_t{0}).may_go_on());
  EXPECT_EQ(limit(BudgetFigure::Bytes).breach.state, BreachState::None);
}

}  // namespace
}  // namespace heapscribe::record
