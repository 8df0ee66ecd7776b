#include "analyzer/model/trace_reader.h"

#include <gtest/gtest.h>

#include "analyzer/model/trace_blocks.h"
#include "preload/capture/trace_codec.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::model {
namespace {

using capture::TraceEncoder;
using capture::TraceRecord;
using wire::TraceKind;

constexpr wire::Ref kRow = 4711;

TraceRecord allocation(std::uint64_t number, std::uint64_t address) {
  return {
      .kind = TraceKind::Allocation, .number = number, .address = address, .size = 10, .row = kRow};
}
TraceRecord release(std::uint64_t number, std::uint64_t address) {
  return {.kind = TraceKind::Release, .number = number, .address = address};
}

class TraceReaderTest : public ::testing::Test {
 protected:
  TraceReaderTest() { database_.execute("INSERT INTO trace_site VALUES (4711, 1)"); }

  void chunk(std::int64_t thread, const std::vector<TraceRecord>& records) {
    TraceEncoder encoder;
    for (const TraceRecord& record : records) encoder.add(record);
    store(thread, encoder.finish());
  }
  void store(std::int64_t thread, const capture::TraceChunk& chunk) {
    auto insert = database_.prepare(
        "INSERT INTO trace_chunk (thread_id, source, first_number, last_number, first_ns, last_ns,"
        " events, lost, recovered, data) VALUES (?,1,?,?,0,0,?,?,0,?)");
    const auto integer = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
    insert.bind_all(thread, integer(chunk.first_number), integer(chunk.last_number),
                    integer(chunk.events), integer(chunk.lost));
    insert.bind_blob(6, chunk.data);
    insert.run();
  }
  std::vector<TraceEvent> read() {
    CaptureReader recording(std::move(database_));
    TraceReader trace(recording);
    std::vector<TraceEvent> events;
    for (TraceEvent event; trace.next(event);) events.push_back(event);
    return events;
  }
  std::vector<std::uint64_t> numbers() {
    std::vector<std::uint64_t> found;
    for (const TraceEvent& event : read()) found.push_back(event.number);
    return found;
  }
  void expect_damage(const std::string& words) {
    try {
      read();
      ADD_FAILURE() << "nothing was noticed";
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("chunk 1: "), std::string::npos) << error.what();
    }
  }

  capture::Database database_ =
      tests::CaptureBuilder().at({"parse", "main"}).alloc("a", 64).set("trace", "block").build();
};

TEST_F(TraceReaderTest, ThreadsAreMergedInTheOrderOfTheNumbers) {
  chunk(1, {allocation(1, 16), allocation(4, 32), allocation(9, 48)});
  chunk(2, {allocation(2, 64), release(3, 16), release(8, 64)});
  chunk(3, {allocation(5, 16)});
  chunk(1, {allocation(10, 80)});
  chunk(2, {release(11, 16)});
  EXPECT_EQ(numbers(), (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 8, 9, 10, 11}));
}

TEST_F(TraceReaderTest, AReallocGivesUpTheOldAddressBeforeItHasTheNewOne) {
  chunk(1, {allocation(1, 16),
            {.kind = TraceKind::Resize,
             .number = 4,
             .address = 32,
             .size = 20,
             .row = kRow,
             .old_address = 16,
             .begun = 2}});
  chunk(2, {allocation(3, 16)});
  const auto events = read();
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[1].kind, TraceEventKind::ReallocBegin);
  EXPECT_EQ(events[1].address, 16U);
  EXPECT_EQ(events[1].number, 2U);
  EXPECT_EQ(events[2].kind, TraceEventKind::Allocation);
  EXPECT_EQ(events[3].kind, TraceEventKind::Realloc);
  EXPECT_EQ(events[3].old_address, 16U);
  EXPECT_EQ(events[3].site, 1);
  TraceBlocks blocks;
  for (const TraceEvent& event : events) blocks.follow(event);
  EXPECT_EQ(blocks.live(), 2U);
  EXPECT_EQ(blocks.overwritten(), 0U);
}

TEST_F(TraceReaderTest, AGapIsAnEventOfItsOwn) {
  chunk(1, {allocation(1, 16),
            {.kind = TraceKind::Gap, .number = 2, .last = 7, .lost = 3},
            release(8, 16)});
  const auto events = read();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1].kind, TraceEventKind::Gap);
  EXPECT_EQ(events[1].last, 7U);
  EXPECT_EQ(events[1].lost, 3U);
}

TEST_F(TraceReaderTest, ARowWithoutASiteIsUnknown) {
  chunk(1, {{.kind = TraceKind::Allocation, .number = 1, .address = 16, .size = 1, .row = 5}});
  EXPECT_EQ(read().front().site, 0);
}

TEST_F(TraceReaderTest, ARecordingWithoutATraceIsRefused) {
  database_.execute("DELETE FROM recording WHERE key = 'trace'");
  try {
    read();
    ADD_FAILURE();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("has no event trace"), std::string::npos);
  }
}

TEST_F(TraceReaderTest, BrokenChunksAreNamed) {
  chunk(1, {allocation(1, 16), allocation(2, 32)});
  database_.execute("UPDATE trace_chunk SET data = substr(data, 1, 20)");
  expect_damage("zstd");
}

TEST_F(TraceReaderTest, AnotherFormatIsNamed) {
  chunk(1, {allocation(1, 16)});
  database_.execute("UPDATE trace_chunk SET data = cast(x'02' || substr(data, 2) AS BLOB)");
  expect_damage("format version 2; this heapscribe reads version 1");
}

TEST_F(TraceReaderTest, AChunkWithOtherEventsThanItsRowIsNoticed) {
  chunk(1, {allocation(1, 16), allocation(2, 32)});
  database_.execute("UPDATE trace_chunk SET events = 3");
  expect_damage("has not the events");
}

TEST_F(TraceReaderTest, AnEventOutsideOfItsRangeIsNoticed) {
  chunk(1, {allocation(1, 16), allocation(2, 32)});
  database_.execute("UPDATE trace_chunk SET last_number = 1");
  expect_damage("not in its range");
}

}  // namespace
}  // namespace heapscribe::model
