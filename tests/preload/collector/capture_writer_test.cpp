#include "preload/capture/capture_writer.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <set>

#include "tests/support/session_builder.h"

namespace heapscribe::capture {
namespace {

class CaptureWriterTest : public ::testing::Test {
 protected:
  std::int64_t value(const char* sql) { return database_.integer(sql); }
  static SiteId site(CaptureWriter& writer, std::uint64_t address,
                     wire::CallKind kind = wire::CallKind::Malloc) {
    return writer.site(writer.stack(0, writer.address(0, address)), kind, 0);
  }

  Database database_ = tests::empty_recording();
};

TEST_F(CaptureWriterTest, EqualThingsHaveOneId) {
  CaptureWriter writer(database_);
  const ModuleRow module{.path = "a.so", .base = 1};
  EXPECT_EQ(writer.module(module), writer.module(module));
  EXPECT_EQ(writer.address(1, 5), writer.address(1, 5));
  EXPECT_NE(writer.address(1, 5), writer.address(0, 5));
  EXPECT_EQ(writer.stack(0, 1), writer.stack(0, 1));
  EXPECT_NE(writer.stack(writer.stack(0, 1), 1), writer.stack(0, 1));
  EXPECT_EQ(site(writer, 9), site(writer, 9));
  EXPECT_NE(site(writer, 9), site(writer, 9, wire::CallKind::New));
}

TEST_F(CaptureWriterTest, ASiteBeganWithItsEarliestRow) {
  CaptureWriter writer(database_);
  const StackId stack = writer.stack(0, writer.address(0, 1));
  writer.site(stack, wire::CallKind::Malloc, 50);
  writer.flush();
  writer.site(stack, wire::CallKind::Malloc, 20);
  writer.site(stack, wire::CallKind::Malloc, 70);
  writer.flush();
  EXPECT_EQ(value("SELECT first_ns FROM site"), 20);
}

TEST_F(CaptureWriterTest, NumbersAddUpAndOnlyTheRangeOfRealRequestsCounts) {
  CaptureWriter writer(database_);
  const SiteId id = site(writer, 1);
  writer.add_to_site(id, 1, {.allocations = 2, .bytes = 48}, {16, 32});
  writer.add_to_site(id, 1, {.frees = 1, .freed_bytes = 16}, {});
  writer.flush();
  writer.add_to_site(id, 1, {.allocations = 1, .bytes = 0}, {0, 0});
  writer.flush();
  EXPECT_EQ(value("SELECT allocations FROM site"), 3);
  EXPECT_EQ(value("SELECT live_bytes FROM site"), 32);
  EXPECT_EQ(value("SELECT min_size FROM site"), 0);
  EXPECT_EQ(value("SELECT max_size FROM site"), 32);
}

TEST_F(CaptureWriterTest, ASiteThatOnlyFreesHasNoSizes) {
  CaptureWriter writer(database_);
  writer.add_to_site(site(writer, 1), 1, {.frees = 1, .freed_bytes = 16}, {});
  writer.flush();
  EXPECT_EQ(value("SELECT min_size + max_size FROM site"), 0);
}

TEST_F(CaptureWriterTest, AnEmptyBatchWritesNothing) {
  CaptureWriter writer(database_);
  writer.set_recording("state", "recording");
  site(writer, 1);
  writer.flush();
  const int before = sqlite3_total_changes(database_.handle());
  writer.set_recording("state", "recording");
  site(writer, 1);
  writer.flush();
  EXPECT_EQ(sqlite3_total_changes(database_.handle()), before);
}

TEST_F(CaptureWriterTest, WhatCouldNotBeWrittenIsWrittenLater) {
  const std::string path = std::filesystem::temp_directory_path() / "heapscribe-writer-test.db";
  std::filesystem::remove(path);
  Database disk = create_recording(path);
  CaptureWriter writer(disk);
  const std::string pages = "PRAGMA max_page_count = ";
  disk.execute((pages + std::to_string(disk.integer("PRAGMA page_count") + 2)).c_str());
  for (std::uint64_t address = 1; address <= 5000; ++address) {
    const SiteId id = site(writer, address);
    writer.add_to_site(id, 1, {.allocations = 1, .bytes = 10}, {10, 10});
    writer.thread_started(1, 1, 0);
  }
  EXPECT_THROW(writer.flush(), DatabaseError);
  EXPECT_THROW(writer.flush(), DatabaseError);
  EXPECT_EQ(disk.integer("SELECT count(*) FROM site"), 0);
  disk.execute((pages + "1000000").c_str());
  writer.flush();
  EXPECT_EQ(disk.integer("SELECT sum(allocations) FROM site"), 5000);
  EXPECT_EQ(disk.integer("SELECT sum(allocations) FROM thread_site"), 5000);
  std::filesystem::remove(path);
}

TEST_F(CaptureWriterTest, EveryStackHasTheTotalsOfWhatItCalls) {
  CaptureWriter writer(database_);
  const StackId main = writer.stack(0, writer.address(0, 1));
  const StackId left = writer.stack(main, writer.address(0, 2));
  const StackId right = writer.stack(main, writer.address(0, 3));
  const SiteId first = writer.site(left, wire::CallKind::Malloc, 0);
  const SiteId second = writer.site(right, wire::CallKind::New, 0);
  const SiteId none = writer.site(0, wire::CallKind::Malloc, 0);
  writer.add_to_site(first, 1, {.allocations = 2, .bytes = 20, .frees = 1, .freed_bytes = 10}, {});
  writer.add_to_site(second, 1, {.allocations = 3, .bytes = 30, .temporary = 1}, {});
  writer.add_to_site(none, 1, {.allocations = 4, .bytes = 40}, {});
  writer.set_peak(first, 1, 10);
  writer.set_peak(second, 3, 30);
  writer.flush();
  EXPECT_EQ(value("SELECT allocations FROM stack_total WHERE stack_id = 1"), 5);
  EXPECT_EQ(value("SELECT live_bytes FROM stack_total WHERE stack_id = 1"), 40);
  EXPECT_EQ(value("SELECT peak_bytes FROM stack_total WHERE stack_id = 1"), 40);
  EXPECT_EQ(value("SELECT temporary FROM stack_total WHERE stack_id = 3"), 1);
  EXPECT_EQ(value("SELECT allocations FROM stack_total WHERE stack_id = 0"), 4);
  EXPECT_EQ(value("SELECT count(*) FROM stack_total WHERE parent_id = 1"), 2);
}

TEST_F(CaptureWriterTest, ASiteOfOneThreadNeedsNoRowsOfItsOwn) {
  CaptureWriter writer(database_);
  const SiteId id = site(writer, 1);
  writer.add_to_site(id, 3, {.allocations = 2, .bytes = 20}, {});
  writer.flush();
  EXPECT_EQ(value("SELECT count(*) FROM shared_site"), 0);
  EXPECT_EQ(value("SELECT allocations FROM thread_site WHERE thread_id = 3"), 2);
  EXPECT_EQ(value("SELECT count(*) FROM thread_site"), 1);
}

TEST_F(CaptureWriterTest, ASecondThreadMakesASiteShared) {
  CaptureWriter writer(database_);
  const SiteId id = site(writer, 1);
  writer.add_to_site(id, 3, {.allocations = 2, .bytes = 20}, {});
  writer.flush();
  writer.add_to_site(id, 4, {.frees = 1, .freed_bytes = 10}, {});
  writer.add_to_site(id, 3, {.allocations = 1, .bytes = 10}, {});
  writer.flush();
  EXPECT_EQ(value("SELECT count(*) FROM thread_site"), 2);
  EXPECT_EQ(value("SELECT allocations FROM thread_site WHERE thread_id = 3"), 3);
  EXPECT_EQ(value("SELECT frees FROM thread_site WHERE thread_id = 4"), 1);
  EXPECT_EQ(value("SELECT thread_id IS NULL FROM site"), 1);
}

TEST_F(CaptureWriterTest, WhatNobodySignedForIsNoThreads) {
  CaptureWriter writer(database_);
  const SiteId id = site(writer, 1);
  writer.add_to_site(id, 0, {.allocations = 2, .bytes = 20}, {});
  writer.add_to_site(id, 3, {.allocations = 1, .bytes = 10}, {});
  writer.flush();
  EXPECT_EQ(value("SELECT allocations FROM site"), 3);
  EXPECT_EQ(value("SELECT count(*) FROM thread_site"), 1);
  EXPECT_EQ(value("SELECT allocations FROM thread_site WHERE thread_id = 3"), 1);
}

TEST_F(CaptureWriterTest, ANodeIsFoundAgainWhereverItStandsInTheTree) {
  CaptureWriter writer(database_);
  const StackId root = writer.stack(0, 1);
  const StackId first = writer.stack(root, 2);
  const StackId second = writer.stack(root, 3);
  const StackId below = writer.stack(first, 3);
  const StackId other_root = writer.stack(0, 2);
  EXPECT_EQ(std::set({root, first, second, below, other_root}).size(), 5U);
  EXPECT_EQ(writer.stack(0, 1), root);
  EXPECT_EQ(writer.stack(root, 2), first);
  EXPECT_EQ(writer.stack(root, 3), second);
  EXPECT_EQ(writer.stack(first, 3), below);
  EXPECT_EQ(writer.stack(0, 2), other_root);
}

TEST_F(CaptureWriterTest, AContinuedRecordingKeepsItsIds) {
  {
    CaptureWriter writer(database_);
    const ModuleId module = writer.module({.path = "prog", .build_id = "ab", .base = 1});
    const StackId stack =
        writer.stack(writer.stack(0, writer.address(module, 1)), writer.address(module, 2));
    const SiteId id = writer.site(stack, wire::CallKind::NewArray, 5);
    writer.add_to_site(id, 1, {.allocations = 7, .bytes = 70}, {10, 10});
    writer.thread_started(1, 99, 0);
    writer.thread_named(1, "worker");
    writer.add_to_thread(1, {.allocations = 7, .bytes = 70});
    writer.flush();
  }
  CaptureWriter writer(database_);
  const ModuleId module = writer.module({.path = "prog", .build_id = "ab", .base = 1});
  const StackId stack =
      writer.stack(writer.stack(0, writer.address(module, 1)), writer.address(module, 2));
  const SiteId id = writer.site(stack, wire::CallKind::NewArray, 5);
  EXPECT_EQ(module, 1U);
  EXPECT_EQ(stack, 2U);
  EXPECT_EQ(id, 1U);
  EXPECT_EQ(writer.site_counters(id).allocations, 7U);
  EXPECT_EQ(writer.thread_counters(1).bytes, 70U);
  ASSERT_EQ(writer.stored_thread_sites(1).size(), 1U);
  EXPECT_EQ(writer.stored_thread_sites(1)[0].second.allocations, 7U);
  writer.flush();
  EXPECT_EQ(value("SELECT count(*) FROM site"), 1);
}

TEST_F(CaptureWriterTest, ADamagedRecordingIsNotContinued) {
  database_.execute(
      "INSERT INTO module (id, path, bias, base, end, load_ns) VALUES (7,'x',0,0,0,0)");
  EXPECT_THROW(CaptureWriter writer(database_), DatabaseError);
}

}  // namespace
}  // namespace heapscribe::capture
