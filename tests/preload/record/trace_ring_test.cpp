#include "preload/record/trace_ring.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "tests/preload/record/session_fixture.h"

namespace heapscribe::record {
namespace {

using wire::TraceKind;
using wire::TracePolicy;

struct Seen {
  TraceKind kind{};
  std::uint64_t value = 0;
  std::vector<std::uint64_t> words{};
  bool operator==(const Seen&) const = default;
};

// The collector's side, as simple as it can be.
class Reader {
 public:
  explicit Reader(const std::atomic<wire::Ref>& first) : first_(first) {}

  // What is there now.
  std::vector<Seen> read() {
    std::vector<Seen> seen;
    if (ring_ == nullptr) ring_ = follow(first_);
    while (ring_ != nullptr) {
      wire::TraceRing* next = follow(ring_->next);
      drain(seen);
      if (next == nullptr) break;
      ring_ = next;
    }
    session.header().trace_progress.fetch_add(1, std::memory_order_relaxed);
    return seen;
  }
  std::uint64_t capacity() const { return ring_ != nullptr ? ring_->capacity : 0; }

 private:
  static wire::TraceRing* follow(const std::atomic<wire::Ref>& link) {
    const wire::Ref ref = link.load(std::memory_order_acquire);
    return ref != wire::kNoRef ? session.at<wire::TraceRing>(ref) : nullptr;
  }
  void drain(std::vector<Seen>& seen) {
    const auto* words = reinterpret_cast<const std::atomic<std::uint64_t>*>(ring_ + 1);
    std::uint64_t tail = ring_->tail.load(std::memory_order_relaxed);
    const std::uint64_t head = ring_->head.load(std::memory_order_acquire);
    const auto take = [&] {
      return words[tail++ & (ring_->capacity - 1)].load(std::memory_order_relaxed);
    };
    while (tail != head) {
      const std::uint64_t first = take();
      Seen record{.kind = static_cast<TraceKind>(first & wire::kTraceKindMask),
                  .value = first >> wire::kTraceKindBits};
      ASSERT_NE(wire::trace_record_words(first), 0U);
      for (std::size_t i = 1; i < wire::trace_record_words(first); ++i)
        record.words.push_back(take());
      seen.push_back(record);
    }
    ring_->tail.store(tail, std::memory_order_release);
  }

  const std::atomic<wire::Ref>& first_;
  wire::TraceRing* ring_ = nullptr;
};

constexpr std::uint64_t kTiny = wire::kSmallestTraceRing;

class TraceRingTest : public ::testing::Test {
 protected:
  TraceRingTest() {
    open_test_session();
    session.header().trace_ended = 0;
    session.header().trace_progress = 0;
    ring_.begin_thread(first_, 7);
  }
  ~TraceRingTest() override { set_tracing(TracePolicy::Off, kTiny); }

  bool release(std::uint64_t number) {
    return ring_.write(TraceKind::Release, number, number * 16);
  }
  // Numbers of the releases among the records.
  static std::vector<std::uint64_t> numbers(const std::vector<Seen>& seen) {
    std::vector<std::uint64_t> found;
    for (const Seen& record : seen) {
      if (record.kind == TraceKind::Release) found.push_back(record.value);
    }
    return found;
  }

  std::atomic<wire::Ref> first_{wire::kNoRef};
  TraceRing ring_{};
  Reader reader_{first_};
};

TEST_F(TraceRingTest, BeginsWithTheThreadAndNotesTheTimeWhenItChanges) {
  set_tracing(TracePolicy::Drop, kTiny);
  session.header().now_ns = 1000;
  EXPECT_TRUE(ring_.write(TraceKind::Allocation, 1, 4096U, 24U, 5U));
  EXPECT_TRUE(release(2));
  session.header().now_ns = 2000;
  EXPECT_TRUE(ring_.write(TraceKind::Resize, 4, 4096U, 48U, 5U, 8192U, 3U));
  const std::vector<Seen> expected = {{TraceKind::Thread, 7},
                                      {TraceKind::Time, 1000},
                                      {TraceKind::Allocation, 1, {4096, 24, 5}},
                                      {TraceKind::Release, 2, {32}},
                                      {TraceKind::Time, 2000},
                                      {TraceKind::Resize, 4, {4096, 48, 5, 8192, 3}}};
  EXPECT_EQ(reader_.read(), expected);
  ring_.begin_thread(first_, 8);
  release(5);
  EXPECT_EQ(reader_.read().front(), (Seen{TraceKind::Thread, 8}));
}

TEST_F(TraceRingTest, FullAndReadInTurnItWrapsWithoutALoss) {
  set_tracing(TracePolicy::Drop, kTiny);
  std::uint64_t number = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(release(++number));
    const std::vector<std::uint64_t> seen = numbers(reader_.read());
    ASSERT_EQ(seen.size(), 50U);
    EXPECT_EQ(seen.front(), number - 49);
    EXPECT_EQ(seen.back(), number);
  }
  EXPECT_EQ(reader_.capacity() * 8, kTiny);
}

TEST_F(TraceRingTest, WhatIsDroppedIsAGapOfExactlyThat) {
  set_tracing(TracePolicy::Drop, kTiny);
  std::uint64_t number = 0;
  while (release(number + 1)) ++number;
  const std::uint64_t first_lost = number + 1;
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(release(first_lost + 1 + static_cast<std::uint64_t>(i)));
  EXPECT_EQ(numbers(reader_.read()).size(), number);
  EXPECT_TRUE(release(first_lost + 10));
  const std::vector<Seen> seen = reader_.read();
  EXPECT_EQ(seen.front(), (Seen{TraceKind::Gap, first_lost, {first_lost + 9, 10}}));
  EXPECT_EQ(seen.back().value, first_lost + 10);
}

TEST_F(TraceRingTest, AFullRingIsFollowedByALargerOne) {
  set_tracing(TracePolicy::Drop, wire::kLargestTraceRing);
  for (std::uint64_t number = 1; number <= 100'000; ++number) ASSERT_TRUE(release(number));
  const std::vector<std::uint64_t> seen = numbers(reader_.read());
  ASSERT_EQ(seen.size(), 100'000U);
  for (std::uint64_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], i + 1);
  EXPECT_EQ(reader_.capacity() * 8, wire::kLargestTraceRing);
}

TEST_F(TraceRingTest, BlockWaitsForAReaderThatIsSlow) {
  set_tracing(TracePolicy::Block, kTiny);
  constexpr std::uint64_t kEvents = 20'000;
  std::vector<std::uint64_t> seen;
  std::atomic<bool> done{false};
  std::thread collector([&] {
    while (seen.size() < kEvents && !done) {
      for (const std::uint64_t number : numbers(reader_.read())) seen.push_back(number);
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  });
  for (std::uint64_t number = 1; number <= kEvents; ++number) ASSERT_TRUE(release(number));
  collector.join();
  ASSERT_EQ(seen.size(), kEvents);
  for (std::uint64_t i = 0; i < kEvents; ++i) ASSERT_EQ(seen[i], i + 1);
}

TEST_F(TraceRingTest, BlockGivesUpOnAReaderThatDoesNotMoveAndNotTwice) {
  using Clock = std::chrono::steady_clock;
  set_tracing(TracePolicy::Block, kTiny);
  std::uint64_t number = 0;
  auto begin = Clock::now();
  while (release(number + 1)) ++number;
  EXPECT_GT(Clock::now() - begin, std::chrono::milliseconds(500));
  begin = Clock::now();
  for (int i = 0; i < 10'000; ++i) EXPECT_FALSE(release(number + 2));
  EXPECT_LT(Clock::now() - begin, std::chrono::milliseconds(500));
  EXPECT_EQ(numbers(reader_.read()).size(), number);
  EXPECT_TRUE(release(number + 3));
}

TEST_F(TraceRingTest, DegradeEndsTheTrace) {
  set_tracing(TracePolicy::Degrade, kTiny);
  session.header().now_ns = 4711;
  std::uint64_t number = 0;
  while (release(number + 1)) ++number;
  EXPECT_TRUE(trace_has_ended());
  EXPECT_EQ(session.header().trace_end_ns, 4711U);
  EXPECT_EQ(session.header().trace_end_number, number + 1);
}

}  // namespace
}  // namespace heapscribe::record
