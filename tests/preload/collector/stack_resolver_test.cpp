#include "preload/collector/stack_resolver.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/session_builder.h"

namespace heapscribe::collector {
namespace {

using capture::StackId;

class StackResolverTest : public ::testing::Test {
 protected:
  StackResolverTest() : view_(session_.bytes(), "test") {}

  std::optional<StackId> resolve(wire::Ref stack, Patience patience = Patience::Left) {
    view_.refresh(session_.bytes().size());
    resolver_.refresh_modules();
    return resolver_.resolve(stack, patience);
  }
  // "module+offset" from the innermost frame outwards.
  std::string text(StackId stack) {
    writer_.flush();
    capture::Statement rows = database_.prepare(
        "WITH RECURSIVE walk(id, position) AS (SELECT ?, 0 UNION ALL SELECT s.parent_id, position "
        "+ 1"
        " FROM walk JOIN stack s ON s.id = walk.id WHERE s.parent_id IS NOT NULL)"
        " SELECT ifnull(m.path, '?') || '+' || a.offset FROM walk JOIN stack s ON s.id = walk.id"
        " JOIN address a ON a.id = s.address_id LEFT JOIN module m ON m.id = a.module_id"
        " ORDER BY position");
    rows.bind(1, std::int64_t{stack});
    std::string text;
    while (rows.step()) text += (text.empty() ? "" : " ") + rows.text(0);
    return text;
  }

  tests::SessionBuilder session_;
  capture::Database database_ = tests::empty_recording();
  SessionView view_;
  capture::CaptureWriter writer_{database_};
  StackResolver resolver_{view_, writer_};
};

TEST_F(StackResolverTest, AddressesBecomeModuleAndOffset) {
  session_.module({.path = "prog", .base = 1000, .end = 2000, .bias = 900});
  const auto node = resolve(session_.stack({1500, 1100}));
  ASSERT_TRUE(node);
  EXPECT_EQ(text(*node), "prog+600 prog+200");
}

TEST_F(StackResolverTest, StacksShareTheirOuterFrames) {
  session_.module({.path = "prog", .base = 1000, .end = 2000});
  resolve(session_.stack({1, 1100}), Patience::Over);
  resolve(session_.stack({2, 1100}), Patience::Over);
  writer_.flush();
  EXPECT_EQ(database_.integer("SELECT count(*) FROM stack WHERE id > 0"), 3);
  EXPECT_EQ(database_.integer("SELECT count(*) FROM stack WHERE parent_id >= id"), 0);
}

TEST_F(StackResolverTest, TheSameStackInTwoRecordsIsOneNode) {
  session_.module({.path = "prog", .base = 1000, .end = 2000});
  const auto first = resolve(session_.stack({1200, 1100}));
  EXPECT_EQ(resolve(session_.stack({1200, 1100})), first);
}

TEST_F(StackResolverTest, OurOwnFramesAreDroppedWhereverTheyAre) {
  session_.module({.path = "/usr/lib/libheapscribe.so", .base = 5000, .end = 6000});
  session_.module({.path = "prog", .base = 1000, .end = 2000});
  const auto node = resolve(session_.stack({5100, 1300, 5200, 1100, 5300}));
  EXPECT_EQ(text(*node), "prog+1300 prog+1100");
}

TEST_F(StackResolverTest, AStackOfNothingButOurFramesIsNotRecorded) {
  session_.module({.path = "libheapscribe.so", .base = 5000, .end = 6000});
  EXPECT_EQ(resolve(session_.stack({5100})), StackId{0});
}

TEST_F(StackResolverTest, WithoutAStackThereIsNone) {
  EXPECT_EQ(resolve(wire::kNoRef), StackId{0});
}

TEST_F(StackResolverTest, AnAddressMeansWhatItsLayoutSays) {
  session_.module({.path = "old.so", .base = 1000, .end = 2000, .layout = 1});
  session_.module({.path = "new.so", .base = 1000, .end = 3000, .layout = 2});
  EXPECT_EQ(text(*resolve(session_.stack({1500}, 1))), "old.so+1500");
  EXPECT_EQ(text(*resolve(session_.stack({1500}, 2))), "new.so+1500");
}

TEST_F(StackResolverTest, AModuleThatIsListedAgainIsTheSameModule) {
  session_.module({.path = "a.so", .base = 1000, .end = 2000, .layout = 1});
  session_.module({.path = "a.so", .base = 1000, .end = 2000, .layout = 2});
  EXPECT_EQ(resolve(session_.stack({1500}, 1)), resolve(session_.stack({1500}, 2)));
  writer_.flush();
  EXPECT_EQ(database_.integer("SELECT count(*) FROM module"), 1);
}

TEST_F(StackResolverTest, AModuleMayBeListedAfterTheStack) {
  const wire::Ref stack = session_.stack({1500});
  EXPECT_EQ(resolve(stack), std::nullopt);
  session_.module({.path = "late.so", .base = 1000, .end = 2000});
  const auto node = resolve(stack);
  ASSERT_TRUE(node);
  EXPECT_EQ(text(*node), "late.so+1500");
}

TEST_F(StackResolverTest, GeneratedCodeIsAnAddressWithoutModule) {
  const auto node = resolve(session_.stack({1500}), Patience::Over);
  EXPECT_EQ(text(*node), "?+1500");
}

TEST_F(StackResolverTest, DeepStacksAreWhole) {
  session_.module({.path = "prog", .base = 1, .end = 100000});
  std::vector<std::uint64_t> frames(5000);
  std::iota(frames.begin(), frames.end(), 1);
  const auto node = resolve(session_.stack(frames));
  writer_.flush();
  EXPECT_EQ(database_.integer("SELECT count(*) FROM stack WHERE id > 0"), 5000);
  EXPECT_EQ(text(*node).substr(0, 13), "prog+1 prog+2");
}

TEST_F(StackResolverTest, WhatWasInNoModuleIsNotTakenOverFromTheLastStack) {
  EXPECT_EQ(text(*resolve(session_.stack({1200, 1100}), Patience::Over)), "?+1200 ?+1100");
  session_.module({.path = "late.so", .base = 1000, .end = 2000, .bias = 1000});
  EXPECT_EQ(text(*resolve(session_.stack({1300, 1100}))), "late.so+300 late.so+100");
}

TEST_F(StackResolverTest, AnAddressMeansSomethingElseInAnotherLayout) {
  session_.module({.path = "a.so", .base = 1000, .end = 2000, .bias = 1000, .layout = 1});
  session_.module({.path = "b.so", .base = 1000, .end = 2000, .bias = 1000, .layout = 2});
  EXPECT_EQ(text(*resolve(session_.stack({1200, 1100}, 1))), "a.so+200 a.so+100");
  EXPECT_EQ(text(*resolve(session_.stack({1200, 1100}, 2))), "b.so+200 b.so+100");
  EXPECT_EQ(text(*resolve(session_.stack({1300, 1100}, 1))), "a.so+300 a.so+100");
}

TEST_F(StackResolverTest, ACircleIsNotAStack) {
  const wire::Ref inner = session_.segment({1}, wire::kNoRef, 0);
  const wire::Ref outer = session_.segment({2}, inner, 0);
  reinterpret_cast<wire::StackSegment*>(session_.bytes().data() + std::size_t{inner} * wire::kUnit)
      ->outer = outer;
  EXPECT_EQ(resolve(inner, Patience::Over), StackId{0});
  EXPECT_EQ(resolve(outer, Patience::Left), StackId{0});
}

TEST_F(StackResolverTest, AnUnloadedModuleSaysSince) {
  const wire::Ref ref = session_.module({.path = "a.so", .base = 1000, .end = 2000});
  resolve(session_.stack({1500}));
  auto* record = reinterpret_cast<wire::ModuleRecord*>(session_.bytes().data() +
                                                       std::size_t{ref} * wire::kUnit);
  record->unload_ns = 123;
  resolve(wire::kNoRef);
  writer_.flush();
  EXPECT_EQ(database_.integer("SELECT unload_ns FROM module"), 123);
}

}  // namespace
}  // namespace heapscribe::collector
