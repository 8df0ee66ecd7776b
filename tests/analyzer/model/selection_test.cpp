#include "analyzer/model/selection.h"

#include <gtest/gtest.h>

#include "analyzer/reports/sites.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::model {
namespace {

using tests::Call;
using tests::CaptureBuilder;

CaptureBuilder two_libraries() {
  return CaptureBuilder()
      .at({Call("copy").in("/usr/lib/libtext.so"), "load", "main"})
      .leaked(3, 10)
      .on_thread(2, "worker")
      .at({"draw", "main"})
      .leaked(2, 100)
      .on_thread(3, "worker")
      .leaked(1, 100);
}

std::vector<reports::SiteRow> select(CaptureReader& reader, const SiteFilter& filter) {
  select_sites(reader, filter);
  return reports::collect_sites(reader, {}).rows;
}

TEST(Selection, WithoutAFilterEverySiteIsMeant) {
  CaptureReader reader(two_libraries().build());
  EXPECT_EQ(select(reader, {}).size(), 2U);
}

TEST(Selection, AFunctionAnywhereInTheStackMatches) {
  CaptureReader reader(two_libraries().build());
  const auto rows = select(reader, {"^load$", "", ""});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].stack.blamed().function, "copy");
}

TEST(Selection, AModuleAnywhereInTheStackMatches) {
  CaptureReader reader(two_libraries().build());
  EXPECT_EQ(select(reader, {"", "libtext", ""}).size(), 1U);
}

TEST(Selection, FunctionAndModuleMustBothMatch) {
  CaptureReader reader(two_libraries().build());
  EXPECT_TRUE(select(reader, {"draw", "libtext", ""}).empty());
}

TEST(Selection, SymbolsThatAreNotStoredMatchByModuleAndOffset) {
  CaptureReader reader(two_libraries().without_symbols().build());
  EXPECT_EQ(select(reader, {"^libtext.so.0x", "", ""}).size(), 1U);
}

TEST(Selection, ThreadsOfTheSameNameAreAddedUp) {
  CaptureReader reader(two_libraries().build());
  const auto rows = select(reader, {"", "", "worker"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].measures.allocations, Count{3});
}

TEST(Selection, TheLastOneCounts) {
  CaptureReader reader(two_libraries().build());
  EXPECT_EQ(select(reader, {"", "", "worker"}).size(), 1U);
  EXPECT_EQ(select(reader, {"^load$", "", ""}).size(), 1U);
  EXPECT_EQ(select(reader, {"", "libtext|sample", ""}).size(), 2U);
  EXPECT_EQ(select(reader, {}).size(), 2U);
}

TEST(Selection, AThreadIsFoundByTidAndByNumber) {
  CaptureReader by_tid(two_libraries().build());
  EXPECT_EQ(select(by_tid, {"", "", "1003"})[0].measures.allocations, Count{1});
  CaptureReader by_id(two_libraries().build());
  EXPECT_EQ(select(by_id, {"", "", "#2"})[0].measures.bytes, Bytes{200});
}

TEST(Selection, WhatAnotherThreadFreedIsNotTakenFromTheThread) {
  CaptureReader reader(
      CaptureBuilder().at({"f"}).alloc("a", 50).on_thread(2, "reaper").free("a").build());
  const auto rows = select(reader, {"", "", "#1"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].measures.live_bytes, Bytes{50});
}

TEST(Selection, AnUnknownThreadIsRefused) {
  CaptureReader reader(two_libraries().build());
  EXPECT_THROW(select_sites(reader, {"", "", "nobody"}), std::runtime_error);
}

TEST(Selection, AWrongExpressionIsRefusedWithItsText) {
  CaptureReader reader(two_libraries().build());
  try {
    select_sites(reader, {"(", "", ""});
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("'('"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace heapscribe::model
