#include "preload/record/stack_table.h"

#include <gtest/gtest.h>

#include <vector>

#include "preload/unwind/stack_hash.h"
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

// As the unwinder delivers it: outermost first, with the hash of every prefix.
struct Delivered {
  std::vector<std::uintptr_t> frames;
  std::vector<std::uint64_t> hashes;
  unwind::Stack stack;

  Delivered(std::vector<std::uintptr_t> innermost_first, std::uint32_t layout)
      : frames(innermost_first.rbegin(), innermost_first.rend()) {
    std::uint64_t hash = unwind::hash_seed(layout, false);
    for (const std::uintptr_t frame : frames) hashes.push_back(hash = unwind::mix(hash, frame));
    stack = {frames.data(), hashes.data(), static_cast<std::uint32_t>(frames.size()),
             layout,        false,         hash};
  }
};

wire::Ref intern(const std::vector<std::uintptr_t>& frames, std::uint32_t layout = 0) {
  return stack_table.intern(Delivered(frames, layout).stack);
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
  const wire::Ref first = intern(frames);
  EXPECT_EQ(intern(frames), first);
  EXPECT_NE(intern(frames_of(20, 0x2000)), first);
}

TEST_F(StackTableTest, TheSameAddressesInAnotherLayoutAreAnotherStack) {
  const auto frames = frames_of(20, 0x3000);
  EXPECT_NE(intern(frames), intern(frames, 1));
  EXPECT_NE(Delivered(frames, 0).stack.hash, Delivered(frames, 1).stack.hash);
}

TEST_F(StackTableTest, EveryDepthIsReadBackWhole) {
  for (const std::uint32_t depth : {1U, 63U, 64U, 65U, 128U, 129U, 1000U, 30'000U}) {
    const auto frames = frames_of(depth, 0x10'0000);
    EXPECT_EQ(read_back(intern(frames)), frames) << depth;
  }
}

TEST_F(StackTableTest, DeepRecursionCostsLittle) {
  const std::uint64_t before = session.header().used;
  for (std::uint32_t depth = 5000; depth < 6000; ++depth) {
    intern(frames_of(depth, 0x90'0000));
  }
  // A thousand stacks of 40 KB each; without sharing that would be 44 MB.
  EXPECT_LT(session.header().used - before, std::uint64_t{2} << 20);
}

TEST_F(StackTableTest, RemembersManyStacks) {
  std::vector<wire::Ref> refs;
  for (std::uintptr_t i = 0; i < 20'000; ++i) {
    refs.push_back(intern(frames_of(10, 0x1'0000'0000 + i * 64)));
  }
  for (std::uintptr_t i = 0; i < 20'000; ++i) {
    ASSERT_EQ(intern(frames_of(10, 0x1'0000'0000 + i * 64)), refs[i]);
  }
}

}  // namespace
}  // namespace heapscribe::record
