#include "preload/record/stack_table.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/preload/record/session_fixture.h"

namespace heapscribe::record {
namespace {

class StackTableTest : public ::testing::Test {
 protected:
  void SetUp() override { open_test_session(); }
};

// `count` frames; the outer ones depend on `seed` alone, so stacks of one seed share them.
std::vector<std::uintptr_t> frames_of(std::uint32_t count, std::uintptr_t seed) {
  std::vector<std::uintptr_t> frames(count);
  for (std::uint32_t i = 0; i < count; ++i) frames[count - 1 - i] = seed + i;
  return frames;
}

FrameSpan span(const std::vector<std::uintptr_t>& frames) {
  return {frames.data(), static_cast<std::uint32_t>(frames.size()), false};
}

// All frames of a recorded stack, innermost first.
std::vector<std::uintptr_t> read_back(wire::Ref ref) {
  std::vector<std::uintptr_t> frames;
  while (ref != wire::kNoRef) {
    const auto* segment = session.at<wire::StackSegment>(ref);
    const auto* at = reinterpret_cast<const std::uint64_t*>(segment + 1);
    frames.insert(frames.end(), at, at + segment->count);
    ref = segment->outer;
  }
  return frames;
}

TEST_F(StackTableTest, EqualStacksAreOneRecord) {
  const auto frames = frames_of(20, 0x1000);
  const wire::Ref first = stack_table.intern(span(frames), 0);
  EXPECT_EQ(stack_table.intern(span(frames), 0), first);
  EXPECT_NE(stack_table.intern(span(frames_of(20, 0x2000)), 0), first);
}

TEST_F(StackTableTest, TheSameAddressesInAnotherLayoutAreAnotherStack) {
  const auto frames = frames_of(20, 0x3000);
  EXPECT_NE(stack_table.intern(span(frames), 0), stack_table.intern(span(frames), 1));
  EXPECT_NE(hash_stack(span(frames), 0), hash_stack(span(frames), 1));
}

TEST_F(StackTableTest, EveryDepthIsReadBackWhole) {
  for (const std::uint32_t depth : {1U, 63U, 64U, 65U, 128U, 129U, 1000U, 30'000U}) {
    const auto frames = frames_of(depth, 0x10'0000);
    EXPECT_EQ(read_back(stack_table.intern(span(frames), 0)), frames) << depth;
  }
}

TEST_F(StackTableTest, DeepRecursionCostsLittle) {
  const std::uint64_t before = session.header().used;
  for (std::uint32_t depth = 5000; depth < 6000; ++depth) {
    stack_table.intern(span(frames_of(depth, 0x90'0000)), 0);
  }
  // A thousand stacks of 40 KB each; without sharing that would be 44 MB.
  EXPECT_LT(session.header().used - before, std::uint64_t{2} << 20);
}

TEST_F(StackTableTest, RemembersManyStacks) {
  std::vector<wire::Ref> refs;
  for (std::uintptr_t i = 0; i < 20'000; ++i) {
    refs.push_back(stack_table.intern(span(frames_of(10, 0x1'0000'0000 + i * 64)), 0));
  }
  for (std::uintptr_t i = 0; i < 20'000; ++i) {
    ASSERT_EQ(stack_table.intern(span(frames_of(10, 0x1'0000'0000 + i * 64)), 0), refs[i]);
  }
}

}  // namespace
}  // namespace heapscribe::record
