#include "preload/collector/pause_reader.h"

#include <gtest/gtest.h>

#include "tests/support/session_builder.h"

namespace heapscribe::collector {
namespace {

using tests::SessionBuilder;

class Nobody : public ThreadWatch {
 public:
  bool alive(std::uint32_t) override { return true; }
  std::string name(std::uint32_t) override { return {}; }
};

class PauseReaderTest : public ::testing::Test {
 protected:
  PauseReaderTest() : session_(std::size_t{1} << 20), database_(tests::empty_recording()) {
    session_.start(1);
    session_.header().pause_threshold_ns = 100;
    session_.header().ticks_per_us = 1000;
    session_.header().tick_start = 1;
    session_.module({.path = "/bin/program", .base = 0x1000, .end = 0x9000});
    table_ = session_.table();
    session_.thread(table_, 1);
    pauses_ = &session_.pauses(table_);
  }

  static wire::PauseEvent event(wire::PauseKind kind, std::uint64_t ticks) {
    wire::PauseEvent event{};
    event.begin = 1000;
    event.ticks = ticks;
    event.kind = kind;
    event.thread = 1;
    event.stands_for = 1;
    return event;
  }

  std::int64_t integer(const std::string& sql) { return database_.integer(sql.c_str()); }

  // As a collector does it; `fail` = the database refuses.
  void read(PauseReader& reader, capture::CaptureWriter& writer, bool fail = false) {
    reader.collect(Patience::Over);
    if (fail) return;
    writer.flush([&] { reader.write(); });
    reader.written();
  }

  SessionBuilder session_;
  capture::Database database_;
  tests::TableHandle table_;
  wire::PauseTable* pauses_ = nullptr;
};

TEST_F(PauseReaderTest, EventsBecomeRowsOnce) {
  SessionView view(session_.bytes(), "test");
  view.refresh(session_.bytes().size());
  capture::CaptureWriter writer(database_);
  SiteTimeline series;
  CounterReader counters(view, writer, series);
  PauseReader reader(view, counters, writer, session_.bytes());
  session_.pause(*pauses_, event(wire::PauseKind::Stall, 5000));
  read(reader, writer);
  session_.pause(*pauses_, event(wire::PauseKind::Own, 6000));
  read(reader, writer);
  read(reader, writer);
  EXPECT_EQ(integer("SELECT count(*) FROM pause"), 2);
  EXPECT_EQ(integer("SELECT count(*) FROM pause WHERE kind = 'stall' AND cause = 'malloc'"), 1);
  EXPECT_EQ(integer("SELECT count(*) FROM pause WHERE kind = 'profiler'"), 1);
  EXPECT_EQ(pauses_->tail, 2U);
}

TEST_F(PauseReaderTest, WhatIsNotWrittenStaysInTheRingForWhoComesNext) {
  SessionView view(session_.bytes(), "test");
  view.refresh(session_.bytes().size());
  session_.pause(*pauses_, event(wire::PauseKind::Stall, 5000));
  {
    capture::CaptureWriter writer(database_);
    SiteTimeline series;
    CounterReader counters(view, writer, series);
    PauseReader killed(view, counters, writer, session_.bytes());
    read(killed, writer, true);
  }
  EXPECT_EQ(pauses_->tail, 0U);
  capture::CaptureWriter writer(database_);
  SiteTimeline series;
  CounterReader counters(view, writer, series);
  PauseReader next(view, counters, writer, {});
  read(next, writer);
  EXPECT_EQ(integer("SELECT count(*) FROM pause"), 1);
}

TEST_F(PauseReaderTest, TheStormAtHandIsReadAtTheEnd) {
  SessionView view(session_.bytes(), "test");
  view.refresh(session_.bytes().size());
  pauses_->open = event(wire::PauseKind::ReleaseStorm, 5000);
  pauses_->open.blocks = 77;
  capture::CaptureWriter writer(database_);
  SiteTimeline series;
  CounterReader counters(view, writer, series);
  PauseReader reader(view, counters, writer, session_.bytes());
  reader.collect(Patience::Left);
  writer.flush([&] { reader.write(); });
  EXPECT_EQ(integer("SELECT count(*) FROM pause"), 0);
  read(reader, writer);
  EXPECT_EQ(integer("SELECT blocks FROM pause"), 77);
}

TEST_F(PauseReaderTest, AStormIsWhereItsStacksMeet) {
  const wire::Ref inner = session_.stack({0x1100, 0x1200, 0x1300});
  const wire::Ref other = session_.stack({0x1500, 0x1100, 0x1200, 0x1300});
  const wire::Ref third = session_.stack({0x1600, 0x1200, 0x1300});
  wire::PauseEvent storm = event(wire::PauseKind::ReleaseStorm, 5000);
  storm.stack = inner;
  storm.other_stack = other;
  session_.pause(*pauses_, storm);
  storm.other_stack = third;
  session_.pause(*pauses_, storm);
  SessionView view(session_.bytes(), "test");
  view.refresh(session_.bytes().size());
  capture::CaptureWriter writer(database_);
  SiteTimeline series;
  CounterReader counters(view, writer, series);
  Nobody nobody;
  counters.scan(1, Depth::Changes, nobody);
  PauseReader reader(view, counters, writer, {});
  read(reader, writer);
  const auto innermost = [&](int number) {
    return integer(
        "SELECT a.offset FROM pause p JOIN stack s ON s.id = p.stack_id "
        "JOIN address a ON a.id = s.address_id WHERE p.number = " +
        std::to_string(number));
  };
  EXPECT_EQ(innermost(0), 0x1100);
  EXPECT_EQ(innermost(1), 0x1200);
}

}  // namespace
}  // namespace heapscribe::collector
