#include "preload/record/budget.h"

#include <gtest/gtest.h>

#include <cerrno>

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
  void SetUp() override {
    open_test_session();
    live_before_ = session.header().flushed_live_bytes;
    session.header().flushed_live_bytes = 0;
  }
  void TearDown() override {
    wire::Budget& budget = session.header().budget;
    for (wire::BudgetLimit& limit : budget.limits) {
      limit.limit = 0;
      limit.refused = 0;
      limit.breach.state = BreachState::None;
    }
    budget.is_set = 0;
    session.header().flushed_live_bytes = live_before_;
  }
  static wire::BudgetLimit& limit(BudgetFigure figure) {
    return session.header().budget.limits[static_cast<std::size_t>(figure)];
  }
  static void set(BudgetFigure figure, std::uint64_t most, BudgetAction action) {
    session.header().budget.is_set = 1;
    session.header().budget.action = action;
    limit(figure).limit = most;
    begin_budget(0, 0);
  }
  static BudgetedCall ask(std::uint64_t bytes, std::int64_t growth) {
    BudgetedCall call;
    call.ask(*site(), 7, bytes, growth);
    return call;
  }
  // As a hook would, with an allocator that serves.
  static bool serve(std::uint64_t bytes) {
    BudgetedCall call = ask(bytes, static_cast<std::int64_t>(bytes));
    const bool served = call.may_go_on();
    if (served) session.header().flushed_live_bytes += static_cast<std::int64_t>(bytes);
    call.done(served);
    return served;
  }

 private:
  std::int64_t live_before_ = 0;
};

TEST_F(BudgetedCalls, ACallThatIsNotAskedGoesOn) {
  BudgetedCall call;
  EXPECT_TRUE(call.may_go_on());
  call.done(true);
  EXPECT_EQ(session.header().budget.under_way, 0);
}

TEST_F(BudgetedCalls, LiveBytesUpToTheLimitAreServed) {
  set(BudgetFigure::Peak, 100, BudgetAction::Refuse);
  EXPECT_TRUE(serve(60));
  EXPECT_TRUE(serve(40));
  EXPECT_EQ(limit(BudgetFigure::Peak).breach.state, BreachState::None);
  errno = 0;
  EXPECT_FALSE(serve(1));
  EXPECT_EQ(errno, ENOMEM);
  session.header().flushed_live_bytes -= 60;
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
  BudgetedCall failed = ask(10, 10);
  EXPECT_TRUE(failed.may_go_on());
  failed.done(false);
  EXPECT_TRUE(serve(10));
  EXPECT_FALSE(serve(10));
}

TEST_F(BudgetedCalls, CallsUnderWayCount) {
  set(BudgetFigure::Peak, 100, BudgetAction::Refuse);
  BudgetedCall under_way = ask(70, 70);
  EXPECT_FALSE(serve(40));
  under_way.done(false);
  EXPECT_TRUE(serve(40));
}

TEST_F(BudgetedCalls, WhatMakesABlockSmallerIsServed) {
  set(BudgetFigure::Peak, 100, BudgetAction::Refuse);
  EXPECT_TRUE(serve(100));
  session.header().flushed_live_bytes += 50;  // by who was not asked
  EXPECT_TRUE(ask(80, -20).may_go_on());
}

TEST_F(BudgetedCalls, RefusalsAreCountedWhenToldSo) {
  set(BudgetFigure::Allocations, 1, BudgetAction::Refuse);
  EXPECT_TRUE(serve(1));
  const BudgetedCall tried_again = ask(1, 1);
  EXPECT_FALSE(tried_again.may_go_on());
  EXPECT_EQ(limit(BudgetFigure::Allocations).refused, 0U);
  tried_again.count_refusal();
  EXPECT_EQ(limit(BudgetFigure::Allocations).refused, 1U);
}

TEST_F(BudgetedCalls, AnImpossibleSizeIsLeftToTheAllocator) {
  set(BudgetFigure::Bytes, 100, BudgetAction::Refuse);
  EXPECT_TRUE(ask(~std::uint64_t{0}, -1).may_go_on());
  EXPECT_EQ(limit(BudgetFigure::Bytes).breach.state, BreachState::None);
}

}  // namespace
}  // namespace heapscribe::record
