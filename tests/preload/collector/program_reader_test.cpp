#include "preload/collector/program_reader.h"

#include <gtest/gtest.h>

#include "preload/collector/counter_reader.h"
#include "tests/support/session_builder.h"

namespace heapscribe::collector {
namespace {

using tests::TableHandle;

class Everyone : public ThreadWatch {
 public:
  bool alive(std::uint32_t) override { return true; }
  std::string name(std::uint32_t) override { return {}; }
};

class ProgramReaderTest : public ::testing::Test {
 protected:
  ProgramReaderTest() : view_(session_.bytes(), "test") {
    session_.module({.path = "prog", .base = 1000, .end = 9000});
  }
  void collect() {
    view_.refresh(session_.bytes().size());
    reader_.scan(1, Depth::Complete, everyone_);
    program_.collect(5'000);
    writer_.flush();
  }
  std::int64_t value(const std::string& sql) { return database_.integer(sql); }

  tests::SessionBuilder session_;
  capture::Database database_ = tests::empty_recording();
  SessionView view_;
  capture::CaptureWriter writer_{database_};
  SiteTimeline series_;
  CounterReader reader_{view_, writer_, series_};
  ProgramReader program_{view_, writer_};
  Everyone everyone_;
};

TEST_F(ProgramReaderTest, RowsOfASectionCountForItsSiteAndForIt) {
  const wire::Ref stack = session_.stack({1500});
  TableHandle first = session_.table();
  TableHandle second = session_.table();
  session_.thread(first, 11);
  session_.thread(second, 12);
  session_.allocate(first, session_.row(first, stack), 5, 10);
  wire::SiteRow& inside = session_.row(first, stack);
  inside.section = 1;
  session_.allocate(first, inside, 3, 100);
  wire::SiteRow& other = session_.row(second, stack);
  other.section = 1;
  session_.free(second, other, 1, 100);
  session_.section(1, 0, "parse").entered = 2;
  collect();
  EXPECT_EQ(value("SELECT count(*) FROM site"), 1);
  EXPECT_EQ(value("SELECT allocations FROM site"), 8);
  EXPECT_EQ(value("SELECT entered FROM section WHERE name = 'parse'"), 2);
  EXPECT_EQ(value("SELECT sum(allocations) FROM section_site"), 3);
  EXPECT_EQ(value("SELECT frees FROM section_site WHERE thread_id = 2"), 1);
}

TEST_F(ProgramReaderTest, EntriesAreReadAgain) {
  wire::SectionRecord& section = session_.section(1, 0, "loop");
  section.entered = 1;
  collect();
  section.entered = 7;
  section.ended = 6;
  session_.section(2, 1, "inner");
  collect();
  EXPECT_EQ(value("SELECT entered FROM section WHERE id = 1"), 7);
  EXPECT_EQ(value("SELECT ended FROM section WHERE id = 1"), 6);
  EXPECT_EQ(value("SELECT parent_id FROM section WHERE id = 2"), 1);
}

TEST_F(ProgramReaderTest, ScribbledSectionsAreLeftOut) {
  session_.section(1, 1, "within itself");
  session_.section(70'000, 0, "too many");
  session_.section(2, 0, "long").name_length = 1'000'000;
  TableHandle table = session_.table();
  session_.thread(table, 11);
  wire::SiteRow& row = session_.row(table, session_.stack({1500}));
  row.section = 60'000;
  session_.allocate(table, row, 1, 1);
  collect();
  EXPECT_EQ(value("SELECT count(*) FROM section"), 1);
  EXPECT_EQ(value("SELECT count(*) FROM section_site"), 0);
}

TEST_F(ProgramReaderTest, MarkersAreWrittenOnceAndMadePrintable) {
  session_.marker("first", 100);
  collect();
  session_.marker("sec\nond", 200);
  collect();
  EXPECT_EQ(value("SELECT count(*) FROM marker"), 2);
  EXPECT_EQ(value("SELECT ns FROM marker WHERE name = 'sec?ond'"), 200);
}

TEST_F(ProgramReaderTest, APauseThatLastsIsCountedUpToNow) {
  wire::Interruption& interruption = session_.header().interruption;
  interruption.times = 2;
  interruption.total_ns = 1'000;
  interruption.since_ns = 4'000;
  interruption.unrecorded = 3;
  TableHandle table = session_.table();
  session_.thread(table, 11);
  table.counters->unrecorded = 4;
  collect();
  const auto recorded = [&](const std::string& key) {
    return value("SELECT value FROM recording WHERE key = '" + key + "'");
  };
  EXPECT_EQ(recorded("paused_ns"), 2'000);
  EXPECT_EQ(recorded("paused_now"), 1);
  EXPECT_EQ(recorded("unrecorded_allocations"), 7);
}

}  // namespace
}  // namespace heapscribe::collector
