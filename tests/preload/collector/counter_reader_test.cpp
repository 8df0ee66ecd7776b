#include "preload/collector/counter_reader.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/session_builder.h"

namespace heapscribe::collector {
namespace {

using tests::TableHandle;

class FakeThreads : public ThreadWatch {
 public:
  bool alive(std::uint32_t tid) override { return !dead.contains(tid); }
  std::string name(std::uint32_t tid) override { return "thread-" + std::to_string(tid); }

  std::set<std::uint32_t> dead;
};

class CounterReaderTest : public ::testing::Test {
 protected:
  CounterReaderTest() : view_(session_.bytes(), "test") {
    session_.module({.path = "prog", .base = 1000, .end = 9000});
  }
  void scan(Depth depth = Depth::Changes) {
    now_ += 100'000'000;
    view_.refresh(session_.bytes().size());
    reader_.scan(now_, depth, threads_);
    writer_.flush();
    reader_.release_dead([&](wire::Ref table, wire::Ref) {
      released_.push_back(table);
      session_at(table).state = wire::TableState::Free;
    });
  }
  wire::CounterTable& session_at(wire::Ref table) {
    return *reinterpret_cast<wire::CounterTable*>(session_.bytes().data() +
                                                  std::size_t{table} * wire::kUnit);
  }
  std::int64_t value(const std::string& sql) { return database_.integer(sql); }

  tests::SessionBuilder session_;
  capture::Database database_ = tests::empty_recording();
  SessionView view_;
  capture::CaptureWriter writer_{database_};
  SiteTimeline series_;
  CounterReader reader_{view_, writer_, series_};
  FakeThreads threads_;
  std::vector<wire::Ref> released_;
  std::uint64_t now_ = 0;
};

TEST_F(CounterReaderTest, RowsOfOneSiteAddUp) {
  const wire::Ref stack = session_.stack({1500});
  TableHandle first = session_.table();
  TableHandle second = session_.table();
  session_.thread(first, 11);
  session_.thread(second, 12);
  session_.allocate(first, session_.row(first, stack), 3, 100);
  session_.grow(first, 16);
  session_.allocate(first, session_.row(first, stack), 2, 50);
  session_.free(second, session_.row(second, stack), 1, 100);
  scan();
  EXPECT_EQ(value("SELECT count(*) FROM site"), 1);
  EXPECT_EQ(value("SELECT allocations FROM site"), 5);
  EXPECT_EQ(value("SELECT live_bytes FROM site"), 300);
  EXPECT_EQ(value("SELECT min_size FROM site"), 50);
  EXPECT_EQ(value("SELECT frees FROM thread_site WHERE thread_id = 2"), 1);
  EXPECT_EQ(value("SELECT bytes FROM thread WHERE id = 1"), 400);
}

TEST_F(CounterReaderTest, KindsAreSitesOfTheirOwn) {
  const wire::Ref stack = session_.stack({1500});
  TableHandle table = session_.table();
  session_.thread(table, 11);
  session_.allocate(table, session_.row(table, stack, wire::CallKind::Malloc), 1, 1);
  session_.allocate(table, session_.row(table, stack, wire::CallKind::New), 1, 1);
  scan();
  EXPECT_EQ(value("SELECT count(*) FROM site WHERE kind IN ('malloc', 'new')"), 2);
}

TEST_F(CounterReaderTest, OnlyWhatChangedIsWritten) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  wire::SiteRow& row = session_.row(table, session_.stack({1500}));
  session_.allocate(table, row, 1, 10);
  scan();
  const int before = sqlite3_total_changes(database_.handle());
  scan();
  scan();
  EXPECT_EQ(sqlite3_total_changes(database_.handle()), before);
  session_.allocate(table, row, 1, 10);
  scan();
  EXPECT_EQ(value("SELECT allocations FROM site"), 2);
}

TEST_F(CounterReaderTest, ATableIsReadOnceMoreAfterItsLastChange) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  wire::SiteRow& row = session_.row(table, session_.stack({1500}));
  session_.allocate(table, row, 1, 10);
  row.allocations = 0;  // the table is one event ahead of the row
  row.allocated_bytes = 0;
  row.usable_bytes = 0;
  scan();
  row.allocations = 1;
  row.allocated_bytes = 10;
  scan();
  EXPECT_EQ(value("SELECT allocations FROM site"), 1);
}

TEST_F(CounterReaderTest, ADeadThreadsTableIsReadAndHandedOn) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  wire::SiteRow& row = session_.row(table, session_.stack({1500}));
  session_.allocate(table, row, 1, 10);
  scan();
  EXPECT_TRUE(released_.empty());
  session_.allocate(table, row, 4, 10);
  threads_.dead = {11};
  scan();
  EXPECT_EQ(released_, std::vector{table.table});
  EXPECT_EQ(value("SELECT allocations FROM thread WHERE id = 1"), 5);
  EXPECT_GT(value("SELECT end_ns FROM thread WHERE id = 1"), 0);
}

TEST_F(CounterReaderTest, WhatFollowsInAReusedTableIsTheNextOwners) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  wire::SiteRow& row = session_.row(table, session_.stack({1500}));
  session_.allocate(table, row, 5, 10);
  threads_.dead = {11};
  scan();
  session_.thread(table, 12);
  session_.free(table, row, 2, 10);
  session_.allocate(table, session_.row(table, session_.stack({1600})), 1, 7);
  scan();
  EXPECT_EQ(value("SELECT allocations FROM thread WHERE id = 1"), 5);
  EXPECT_EQ(value("SELECT frees FROM thread WHERE id = 1"), 0);
  EXPECT_EQ(value("SELECT frees FROM thread WHERE id = 2"), 2);
  EXPECT_EQ(value("SELECT allocations FROM thread WHERE id = 2"), 1);
  EXPECT_EQ(value("SELECT frees FROM thread_site WHERE thread_id = 2 AND site_id = 1"), 2);
  EXPECT_EQ(value("SELECT live_blocks FROM site WHERE id = 1"), 3);
}

// The new owner has taken the table but not signed: neither is it dead, nor is the table free
// twice.
TEST_F(CounterReaderTest, ATableThatChangesHandsIsLeftAlone) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  wire::SiteRow& row = session_.row(table, session_.stack({1500}));
  session_.allocate(table, row, 5, 10);
  threads_.dead = {11};
  scan();
  for (const auto state : {wire::TableState::Claimed, wire::TableState::Owned}) {
    table.counters->state = state;
    scan();
    EXPECT_EQ(released_.size(), 1U);
  }
  session_.thread(table, 12);
  session_.allocate(table, row, 1, 10);
  scan();
  EXPECT_EQ(value("SELECT allocations FROM thread WHERE id = 2"), 1);
}

TEST_F(CounterReaderTest, AYoungerThreadWithTheSameIdMeansThatTheElderIsDead) {
  TableHandle first = session_.table();
  TableHandle second = session_.table();
  session_.thread(first, 11);
  scan();
  session_.thread(second, 11);
  scan();
  EXPECT_EQ(released_, std::vector{first.table});
}

TEST_F(CounterReaderTest, AtTheEndNumbersNobodySignedForCountForTheirSite) {
  TableHandle table = session_.table();
  session_.allocate(table, session_.row(table, session_.stack({1500})), 5, 10);
  scan();
  EXPECT_EQ(value("SELECT count(*) FROM site"), 0);
  scan(Depth::Complete);
  EXPECT_EQ(value("SELECT allocations FROM site"), 5);
}

TEST_F(CounterReaderTest, AtTheEndEveryNumberIsReadAgain) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  wire::SiteRow& row = session_.row(table, session_.stack({1500}));
  session_.allocate(table, row, 5, 10);
  scan();
  row.temporary = 3;  // arrived one moment after the scan
  scan();
  scan();
  EXPECT_EQ(value("SELECT temporary FROM site"), 0);
  scan(Depth::Complete);
  EXPECT_EQ(value("SELECT temporary FROM site"), 3);
}

TEST_F(CounterReaderTest, AnAddressWithoutModuleWaitsAndThenStandsForItself) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  session_.allocate(table, session_.row(table, session_.stack({77}), wire::CallKind::Malloc, 1), 5,
                    10);
  scan();
  EXPECT_EQ(value("SELECT count(*) FROM site"), 0);
  now_ += 3'000'000'000;
  scan();
  EXPECT_EQ(value("SELECT allocations FROM site"), 5);
  EXPECT_EQ(value("SELECT offset FROM address WHERE module_id IS NULL"), 77);
}

// The session grows while it is read: what lies beyond the last look comes with the next one.
TEST_F(CounterReaderTest, WhatWasWrittenAfterTheLastLookIsReadLater) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  view_.refresh(session_.header().used);
  wire::SiteRow& row = session_.row(table, session_.stack({1500}));
  session_.allocate(table, row, 1, 10);
  session_.grow(table, 16);
  session_.allocate(table, session_.row(table, session_.stack({1600})), 2, 10);
  reader_.scan(1, Depth::Changes, threads_);
  writer_.flush();
  EXPECT_EQ(value("SELECT count(*) FROM site"), 0);
  scan();
  EXPECT_EQ(value("SELECT sum(allocations) FROM site WHERE stack_id > 0"), 3);
}

// Space is handed out in one order and records are linked in another.
TEST_F(CounterReaderTest, ARecordThatCannotBeReadYetHidesNoneBehindIt) {
  TableHandle eldest = session_.table();
  session_.thread(eldest, 11);
  session_.allocate(eldest, session_.row(eldest, session_.stack({1500})), 1, 10);
  TableHandle readable = session_.table();
  session_.thread(readable, 12);
  session_.allocate(readable, session_.row(readable, session_.stack({1500})), 2, 10);
  const std::uint64_t used = session_.header().used;
  TableHandle late = session_.table();
  session_.thread(late, 13);
  session_.allocate(late, session_.row(late, session_.stack({1500})), 4, 10);
  // readable -> late -> eldest
  session_.header().first_table = readable.table;
  readable.counters->next = late.table;
  late.counters->next = eldest.table;
  view_.refresh(used);
  reader_.scan(1, Depth::Changes, threads_);
  scan();
  EXPECT_EQ(value("SELECT sum(allocations) FROM site"), 7);
  EXPECT_EQ(value("SELECT count(*) FROM thread WHERE allocations > 0"), 3);
}

TEST_F(CounterReaderTest, ThreadsHaveNames) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  session_.allocate(table, session_.row(table, session_.stack({1500})), 5, 10);
  scan();
  EXPECT_EQ(value("SELECT name = 'thread-11' FROM thread"), 1);
}

TEST_F(CounterReaderTest, ThePeakIsTheNoteOrTheUnchangedPresent) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  session_.header().epoch = 7;
  wire::SiteRow& noted = session_.row(table, session_.stack({1500}));
  wire::SiteRow& unchanged = session_.row(table, session_.stack({1600}));
  session_.allocate(table, noted, 10, 10);
  session_.allocate(table, unchanged, 4, 10);
  noted.epoch = 7;
  noted.peak_bytes = 60;
  noted.peak_blocks = 6;
  unchanged.epoch = 5;
  unchanged.peak_bytes = 999;
  scan(Depth::Complete);
  reader_.read_peaks(false);
  writer_.flush();
  EXPECT_EQ(value("SELECT peak_bytes FROM site WHERE id = 1"), 60);
  EXPECT_EQ(value("SELECT peak_blocks FROM site WHERE id = 1"), 6);
  EXPECT_EQ(value("SELECT peak_bytes FROM site WHERE id = 2"), 40);
  reader_.read_peaks(true);
  writer_.flush();
  EXPECT_EQ(value("SELECT peak_bytes FROM site WHERE id = 1"), 100);
}

TEST_F(CounterReaderTest, ThePeakOfASiteIsTheSumOfItsRows) {
  const wire::Ref stack = session_.stack({1500});
  TableHandle first = session_.table();
  TableHandle second = session_.table();
  session_.thread(first, 11);
  session_.thread(second, 12);
  session_.allocate(first, session_.row(first, stack), 10, 10);
  session_.free(second, session_.row(second, stack), 4, 10);
  scan(Depth::Complete);
  reader_.read_peaks(false);
  writer_.flush();
  EXPECT_EQ(value("SELECT peak_bytes FROM site"), 60);
}

TEST_F(CounterReaderTest, TotalsCoverTablesAndTheProcess) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  session_.allocate(table, session_.row(table, session_.stack({1500}), wire::CallKind::Calloc), 5,
                    300);
  table.counters->unknown_frees = 2;
  table.counters->failed = 3;
  table.counters->losses[static_cast<std::size_t>(wire::Loss::TruncatedStacks)] = 4;
  session_.header().losses[static_cast<std::size_t>(wire::Loss::TruncatedStacks)] = 1;
  scan(Depth::Complete);
  const ProcessTotals totals = reader_.totals();
  EXPECT_EQ(totals.counters.bytes, 1500U);
  EXPECT_EQ(totals.unknown_frees, 2U);
  EXPECT_EQ(totals.failed, 3U);
  EXPECT_EQ(totals.losses[static_cast<std::size_t>(wire::Loss::TruncatedStacks)], 5U);
  EXPECT_EQ(totals.kind_allocations[static_cast<std::size_t>(wire::CallKind::Calloc)], 5U);
  EXPECT_EQ(totals.sizes[wire::size_bucket(300)], 5U);
}

// A collector was killed after it had handed a table from the first thread to the second.
TEST_F(CounterReaderTest, AnotherReaderGoesOnWithoutCountingTwice) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  wire::SiteRow& row = session_.row(table, session_.stack({1500}));
  session_.allocate(table, row, 5, 10);
  threads_.dead = {11};
  scan();
  session_.thread(table, 12);
  session_.allocate(table, row, 2, 10);
  scan();
  session_.allocate(table, row, 1, 10);  // unseen by the first collector

  threads_.dead = {};
  capture::CaptureWriter writer(database_);
  CounterReader second(view_, writer, series_);
  EXPECT_EQ(second.resume(), 0U);
  second.scan(now_, Depth::Complete, threads_);
  writer.flush();
  EXPECT_EQ(value("SELECT allocations FROM site"), 8);
  EXPECT_EQ(value("SELECT allocations FROM thread WHERE id = 1"), 5);
  EXPECT_EQ(value("SELECT allocations FROM thread WHERE id = 2"), 3);
  EXPECT_EQ(value("SELECT allocations FROM thread_site WHERE thread_id = 1"), 5);
  EXPECT_EQ(value("SELECT allocations FROM thread_site WHERE thread_id = 2"), 3);
}

TEST_F(CounterReaderTest, AnotherReaderKeepsWhatThreadsDidInSections) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  wire::SiteRow& row = session_.row(table, session_.stack({1500}));
  row.section = 7;
  session_.allocate(table, row, 5, 10);
  scan();
  threads_.dead = {11};
  scan();
  session_.thread(table, 12);
  session_.allocate(table, row, 3, 10);
  scan();
  threads_.dead = {};
  capture::CaptureWriter writer(database_);
  CounterReader second(view_, writer, series_);
  second.resume();
  second.scan(now_, Depth::Complete, threads_);
  writer.flush();
  EXPECT_EQ(value("SELECT sum(allocations) FROM section_site WHERE section_id = 7"), 8);
  EXPECT_EQ(value("SELECT allocations FROM section_site WHERE thread_id = 1"), 5);
  EXPECT_EQ(value("SELECT allocations FROM section_site WHERE thread_id = 2"), 3);
}

TEST_F(CounterReaderTest, WithoutTheFirstDatabaseThreadsOfOneTableAreMerged) {
  TableHandle table = session_.table();
  session_.thread(table, 11);
  wire::SiteRow& row = session_.row(table, session_.stack({1500}));
  session_.allocate(table, row, 5, 10);
  session_.thread(table, 12);
  session_.allocate(table, row, 2, 10);
  view_.refresh(session_.bytes().size());
  EXPECT_EQ(reader_.resume(), 1U);
  scan(Depth::Complete);
  EXPECT_EQ(value("SELECT allocations FROM site"), 7);
  EXPECT_EQ(value("SELECT allocations FROM thread WHERE id = 2"), 7);
}

}  // namespace
}  // namespace heapscribe::collector
