#include "preload/collector/trace_rings.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/session_builder.h"

namespace heapscribe::collector {
namespace {

using tests::SessionBuilder;
using tests::TableHandle;
using wire::TraceKind;

class TraceRingsTest : public ::testing::Test {
 protected:
  TraceRingsTest() {
    session_.start(1);
    table_ = session_.table();
    session_.thread(table_, 100);
  }

  std::vector<capture::TraceRecord> read(TraceRings& rings, TraceDepth depth) {
    view_.refresh(session_.bytes().size());
    std::vector<capture::TraceRecord> records;
    rings.read(depth, [&](const capture::TraceChunk& chunk) {
      chunks_.push_back(chunk);
      capture::TraceDecoder decoder(chunk.data);
      for (capture::TraceRecord record; decoder.next(record);) records.push_back(record);
    });
    return records;
  }
  std::vector<capture::TraceRecord> read_all() { return read(rings_, TraceDepth::Everything); }
  void release(wire::TraceRing& ring, std::uint64_t number) {
    session_.trace(ring, TraceKind::Release, number, number * 16);
  }
  wire::CounterTable& counters() { return *table_.counters; }
  std::atomic<std::uint64_t>& untraced() {
    return counters().losses[static_cast<std::size_t>(wire::Loss::UntracedEvents)];
  }

  SessionBuilder session_;
  TableHandle table_;
  SessionView view_{session_.bytes(), "session"};
  TraceRings rings_{view_, session_.bytes()};
  std::vector<capture::TraceChunk> chunks_;
};

TEST_F(TraceRingsTest, RecordsComeAsTheyWereWritten) {
  wire::TraceRing& ring = session_.trace_ring(table_, 128);
  session_.trace(ring, TraceKind::Thread, 3);
  session_.trace(ring, TraceKind::Time, 10);
  session_.trace(ring, TraceKind::Allocation, 1, 64, 24, 5);
  session_.trace(ring, TraceKind::Resize, 3, 128, 48, 5, 64, 2);
  session_.trace(ring, TraceKind::Time, 20);
  session_.trace(ring, TraceKind::Release, 4, 128);
  const auto records = read_all();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0], (capture::TraceRecord{.kind = TraceKind::Allocation,
                                              .number = 1,
                                              .ns = 10,
                                              .address = 64,
                                              .size = 24,
                                              .row = 5}));
  EXPECT_EQ(records[1].old_address, 64U);
  EXPECT_EQ(records[1].begun, 2U);
  EXPECT_EQ(records[2].ns, 20U);
  EXPECT_EQ(chunks_.front().thread, 3U);
  EXPECT_EQ(chunks_.front().source, table_.table);
  EXPECT_EQ(ring.tail, ring.head);
  EXPECT_EQ(std::max(ring.marks[0].events.load(), ring.marks[1].events.load()), 3U);
  EXPECT_EQ(session_.header().trace_progress, 1U);
}

TEST_F(TraceRingsTest, ARingThatIsHardlyFilledKeepsItsEventsUntilTheEnd) {
  wire::TraceRing& ring = session_.trace_ring(table_, 1024);
  release(ring, 1);
  EXPECT_EQ(read(rings_, TraceDepth::Busy).size(), 0U);
  EXPECT_EQ(ring.tail, 0U);
  EXPECT_EQ(read_all().size(), 1U);
}

TEST_F(TraceRingsTest, AChangeOfThreadsBeginsAChunk) {
  wire::TraceRing& ring = session_.trace_ring(table_, 128);
  session_.trace(ring, TraceKind::Thread, 1);
  release(ring, 1);
  session_.trace(ring, TraceKind::Thread, 2);
  release(ring, 2);
  EXPECT_EQ(read_all().size(), 2U);
  ASSERT_EQ(chunks_.size(), 2U);
  EXPECT_EQ(chunks_[0].thread, 1U);
  EXPECT_EQ(chunks_[1].thread, 2U);
}

TEST_F(TraceRingsTest, TheLargerRingFollowsTheSmaller) {
  wire::TraceRing& small = session_.trace_ring(table_, 128);
  for (std::uint64_t number = 1; number <= 50; ++number) release(small, number);
  wire::TraceRing& large = session_.trace_ring(table_, 256, &small);
  for (std::uint64_t number = 51; number <= 90; ++number) release(large, number);
  const auto records = read_all();
  ASSERT_EQ(records.size(), 90U);
  for (std::uint64_t i = 0; i < 90; ++i) EXPECT_EQ(records[i].number, i + 1);
}

TEST_F(TraceRingsTest, WhatAThreadCouldNotMarkIsMarkedAtTheEnd) {
  wire::TraceRing& ring = session_.trace_ring(table_, 128);
  release(ring, 1);
  session_.trace(ring, TraceKind::Gap, 2, 4, 3);
  release(ring, 5);
  ring.lost_first = 6;
  ring.lost_last = 9;
  untraced() = 7;
  const auto records = read_all();
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[1].lost, 3U);
  EXPECT_EQ(records[1].last, 4U);
  EXPECT_EQ(records[3].kind, TraceKind::Gap);
  EXPECT_EQ(records[3].number, 6U);
  EXPECT_EQ(records[3].last, 9U);
  EXPECT_EQ(records[3].lost, 4U);
  EXPECT_EQ(rings_.lost_here(), 0U);
}

TEST_F(TraceRingsTest, WhatADeadCollectorTookAndDidNotWriteIsAGap) {
  wire::TraceRing& small = session_.trace_ring(table_, 128);
  session_.trace(small, TraceKind::Thread, 9);
  for (std::uint64_t number = 1; number <= 20; ++number) release(small, number);
  read_all();
  wire::TraceRing& large = session_.trace_ring(table_, 256, &small);
  for (std::uint64_t number = 21; number <= 30; ++number) release(large, number);

  TraceRings after(view_, {});
  after.resume({{table_.table, {.events = 15, .last_number = 15}}});
  chunks_.clear();
  const auto records = read(after, TraceDepth::Everything);
  ASSERT_EQ(records.size(), 11U);
  EXPECT_EQ(records[0].kind, TraceKind::Gap);
  EXPECT_EQ(records[0].number, 16U);
  EXPECT_EQ(records[0].lost, 5U);
  EXPECT_EQ(records[1].number, 21U);
  EXPECT_EQ(after.lost_here(), 5U);
  EXPECT_EQ(chunks_.front().thread, 9U);
  EXPECT_EQ(large.tail, 0U) << "who recovers only looks";
}

// What the threads had marked as lost was in those chunks too.
TEST_F(TraceRingsTest, GapsThatADeadCollectorTookAndDidNotWriteAreInThatGap) {
  wire::TraceRing& ring = session_.trace_ring(table_, 128);
  release(ring, 1);
  session_.trace(ring, TraceKind::Gap, 2, 4, 3);
  release(ring, 5);
  session_.trace(ring, TraceKind::Gap, 6, 7, 5);
  release(ring, 8);
  untraced() = 5;
  read_all();

  TraceRings after(view_, {});
  after.resume({{table_.table, {.events = 2, .last_number = 5, .lost = 3}}});
  const auto records = read(after, TraceDepth::Everything);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].kind, TraceKind::Gap);
  EXPECT_EQ(records[0].number, 6U);
  EXPECT_EQ(records[0].lost, 3U) << "one event and two that were lost before it";
  EXPECT_EQ(after.lost_here(), 1U) << "the thread has counted the others";
}

TEST_F(TraceRingsTest, AScribbledRingIsLeftAndSaidToBeBroken) {
  wire::TraceRing& ring = session_.trace_ring(table_, 128);
  release(ring, 1);
  session_.trace(ring, static_cast<TraceKind>(15), 77);
  release(ring, 2);
  const auto records = read_all();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].number, 1U);
  EXPECT_EQ(records[1].kind, TraceKind::Gap);
  EXPECT_EQ(rings_.lost_here(), 1U);
  EXPECT_EQ(read_all().size(), 0U);
}

}  // namespace
}  // namespace heapscribe::collector
