#include "analyzer/symbols/symbolize.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/analyzer/symbols/places.h"

namespace heapscribe::symbols {
namespace {

using capture::Database;
using places::Place;
using places::Workshop;

// A recording of one fixture program, of code in no module, and of a file that is gone.
class SymbolizeTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kPlain = 1;
  static constexpr std::int64_t kInlined = 2;
  static constexpr std::int64_t kGenerated = 3;
  static constexpr std::int64_t kGone = 4;

  SymbolizeTest() {
    recording_.execute(capture::kSchemaSql);
    add_module(1, program_);
    add_module(2, "/nonexistent/libgone.so.1");
    add_module(3, program_);  // mapped a second time
    add_address(kPlain, 1, places_.at("plain").offset);
    add_address(kInlined, 3, places_.at("inlined").offset);
    add_address(kGenerated, 0, 0x7f1234567890);
    add_address(kGone, 2, 0x1234);
    recording_.execute(
        "INSERT INTO stack_chunk VALUES (1, '[[0,1],2]');"
        "INSERT INTO site(id, stack_id, kind, first_ns) VALUES (1, 2, 'malloc', 0)");
  }

  void add_module(std::int64_t id, const std::string& path) {
    recording_
        .prepare(
            "INSERT INTO module(id, path, build_id, bias, base, end, load_ns) "
            "VALUES (?, ?, ?, 0, 0, 0, 0)")
        .bind_all(id, std::string_view(path), std::string_view(build_id_))
        .run();
  }
  void add_address(std::int64_t id, std::int64_t module, std::int64_t offset) {
    auto insert = recording_.prepare("INSERT INTO address VALUES (?, ?, ?)");
    insert.bind_all(id, module, offset);
    if (module == 0) insert.bind_null(2);
    insert.run();
  }
  std::string text(const std::string& sql) {
    auto row = recording_.prepare(sql);
    return row.step() ? row.text(0) : "";
  }
  std::string function(std::int64_t address, std::int64_t depth = 0) {
    return text("SELECT function FROM code WHERE address_id = " + std::to_string(address) +
                " AND depth = " + std::to_string(depth));
  }

  std::string program_ = places::program("places_dwarf5");
  std::string build_id_ = places::build_id(program_);
  std::map<std::string, Place> places_ = places::run("places_dwarf5");
  Database recording_ = Database::in_memory();
};

TEST_F(SymbolizeTest, EveryAddressGetsFrames) {
  const SymbolizeResult result = symbolize_recording(recording_, {});
  EXPECT_EQ(result.addresses, 4U);
  EXPECT_EQ(result.with_function, 2U);
  EXPECT_EQ(result.with_line, 2U);
  EXPECT_EQ(function(kPlain), "app::plain(int)");
  EXPECT_EQ(function(kInlined, 0), "app::innermost(int)");
  EXPECT_EQ(function(kInlined, 2), "app::outer(int)");
  EXPECT_EQ(recording_.integer("SELECT count(*) FROM frame WHERE address_id = 2 AND inlined"), 2);
  EXPECT_EQ(recording_.integer("SELECT value FROM recording WHERE key = 'symbolized'"), 1);
}

TEST_F(SymbolizeTest, WhatHasNoSymbolIsNamedByItsPlace) {
  symbolize_recording(recording_, {});
  EXPECT_EQ(function(kGenerated), "0x7f1234567890");
  EXPECT_EQ(function(kGone), "libgone.so.1+0x1234");
}

TEST_F(SymbolizeTest, ModuleSaysWhereItsSymbolsCameFrom) {
  const SymbolizeResult result = symbolize_recording(recording_, {});
  EXPECT_EQ(text("SELECT symbol_source FROM module WHERE id = 1"), program_);
  EXPECT_EQ(text("SELECT symbol_source FROM module WHERE id = 3"), program_);
  EXPECT_EQ(recording_.integer("SELECT symbol_source IS NULL FROM module WHERE id = 2"), 1);
  ASSERT_EQ(result.modules.size(), 3U);
  EXPECT_EQ(result.modules[0].module.path, program_);
  EXPECT_EQ(result.modules[0].addresses, 2U);
  EXPECT_EQ(result.modules[0].state, SymbolState::DebugInformation);
}

TEST_F(SymbolizeTest, SiteGetsTheFrameToBlame) {
  symbolize_recording(recording_, {});
  EXPECT_EQ(text("SELECT function FROM hotspots"), "app::innermost(int)");
}

TEST_F(SymbolizeTest, SecondTimeHasNothingToDo) {
  symbolize_recording(recording_, {});
  EXPECT_EQ(symbolize_recording(recording_, {}).addresses, 0U);
}

TEST_F(SymbolizeTest, NewAddressesAreAddedToWhatIsThere) {
  symbolize_recording(recording_, {});
  add_address(5, 1, places_.at("extern-c").offset);
  EXPECT_EQ(symbolize_recording(recording_, {}).addresses, 1U);
  EXPECT_EQ(function(5), "with_c_name");
  EXPECT_EQ(function(kPlain), "app::plain(int)");
}

TEST_F(SymbolizeTest, AgainFindsWhatHasAppearedSince) {
  Workshop workshop;
  symbolize_recording(recording_, {});
  workshop.copy(program_, "libgone.so.1");
  recording_.execute(
      "UPDATE address SET offset = (SELECT offset FROM address WHERE id = 1) "
      "WHERE id = 4");
  symbolize_recording(
      recording_,
      {.debug_paths = {workshop.path("")}, .debuginfod = false, .progress = {}, .again = true});
  EXPECT_EQ(function(kGone), "app::plain(int)");
  EXPECT_EQ(text("SELECT name FROM function WHERE name LIKE 'libgone%'"), "");
}

TEST_F(SymbolizeTest, AgainOnAMachineWithoutTheBinariesLosesNothing) {
  symbolize_recording(recording_, {});
  recording_.execute("UPDATE module SET path = '/nonexistent/program'");
  symbolize_recording(recording_,
                      {.debug_paths = {}, .debuginfod = false, .progress = {}, .again = true});
  EXPECT_EQ(function(kPlain), "app::plain(int)");
  EXPECT_EQ(function(kInlined, 2), "app::outer(int)");
}

TEST_F(SymbolizeTest, ProgressReachesTheEnd) {
  std::vector<std::size_t> steps;
  SymbolizeOptions options;
  options.progress = [&](std::size_t done, std::size_t total) {
    EXPECT_EQ(total, 4U);
    steps.push_back(done);
  };
  symbolize_recording(recording_, options);
  ASSERT_FALSE(steps.empty());
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  EXPECT_EQ(steps.back(), 4U);
}

TEST_F(SymbolizeTest, EmptyRecordingIsFine) {
  Database empty = Database::in_memory();
  empty.execute(capture::kSchemaSql);
  EXPECT_EQ(symbolize_recording(empty, {}).addresses, 0U);
}

}  // namespace
}  // namespace heapscribe::symbols
