// What scripts rely on: names and types of the reports' JSON, and stacks that are complete from the
// allocation to _start, on a real recording of a program with a known chain of calls.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/build_paths.h"
#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

using nlohmann::json;

// The line of call_chain.cpp that carries a mark.
std::int64_t marked_line(const std::string& mark) {
  std::istringstream source(read_text(HEAPSCRIBE_TEST_SOURCES "/programs/call_chain.cpp"));
  std::int64_t number = 0;
  for (std::string line; std::getline(source, line);) {
    ++number;
    if (line.ends_with("// LINE " + mark)) return number;
  }
  ADD_FAILURE() << "no line is marked " << mark;
  return 0;
}

// Characters, not bytes: every byte of UTF-8 that does not continue a character.
std::ptrdiff_t columns_of(const std::string& line) {
  return std::count_if(line.begin(), line.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  });
}

// What the row is about: the stack from the first frame that is not an allocation function.
std::vector<Frame> blamed_part(const Row& row) {
  const auto is_allocator = [](const Frame& frame) {
    return frame.function.starts_with("operator new");
  };
  return {std::find_if_not(row.stack.begin(), row.stack.end(), is_allocator), row.stack.end()};
}

class Reports : public EndToEnd {
 protected:
  void SetUp() override {
    const Command command = in_directory({test_program("call_chain")});
    run_ = expect_same_and_exact(command);
  }
  const Recording& recording() const { return run_->recording; }

  Row row_calling(const std::string& report, const std::string& function) const {
    for (const Row& row : recording().rows(report, {"--limit", "0"})) {
      if (row.calls(function)) return row;
    }
    ADD_FAILURE() << "no row of " << report << " calls " << function;
    return {};
  }

  static void expect_frame(const Frame& frame, const std::string& function, const std::string& mark,
                           bool inlined = false) {
    EXPECT_EQ(frame.function, function);
    EXPECT_EQ(std::filesystem::path(frame.file).filename(), "call_chain.cpp") << function;
    EXPECT_EQ(frame.line, marked_line(mark)) << function;
    EXPECT_EQ(frame.inlined, inlined) << function;
    EXPECT_EQ(std::filesystem::path(frame.module).filename(), "call_chain") << function;
  }

  std::optional<RecordedRun> run_;
};

TEST_F(Reports, AStackIsCompleteFromTheAllocationToStart) {
  const Row row = row_calling("hotspots", "chain::outer_request(int)");
  ASSERT_GE(row.stack.size(), 7U);
  expect_frame(row.stack[0], "chain::Parser::allocate_leaf(unsigned long)", "leaf");
  expect_frame(row.stack[1], "chain::inlined_step(chain::Parser&, unsigned long)", "inlined", true);
  expect_frame(row.stack[2], "void* chain::middle_step<long>(long)", "middle");
  expect_frame(row.stack[3], "chain::outer_request(int)", "outer");
  expect_frame(row.stack[4], "main", "main");
  EXPECT_EQ(row.stack.back().function, "_start");
  for (std::size_t i = 5; i + 1 < row.stack.size(); ++i) {
    EXPECT_NE(row.stack[i].module.find("libc.so"), std::string::npos) << row.stack[i].module;
  }
}

TEST_F(Reports, ARowHasTheSitesNumbers) {
  const Row row = row_calling("hotspots", "chain::outer_request(int)");
  EXPECT_EQ(row.allocations, 7U);
  EXPECT_EQ(row.bytes, 7U * 4096);
  EXPECT_EQ(row.live_blocks, 6);
  EXPECT_EQ(row.live_bytes, 6 * 4096);
  EXPECT_EQ(row.temporary, 0U);
}

TEST_F(Reports, OperatorNewIsNotToBlame) {
  const Row row = row_calling("hotspots", "chain::new_leaf()");
  const auto blamed = blamed_part(row);
  ASSERT_FALSE(blamed.empty());
  EXPECT_EQ(row.function, "chain::new_leaf()");
  expect_frame(blamed[0], "chain::new_leaf()", "new");
  EXPECT_EQ(row.bytes, 400U);
  EXPECT_EQ(row.live_blocks, 0);
}

TEST_F(Reports, TemporaryListsWhatIsFreedAtOnce) {
  const Row row = row_calling("temporary", "chain::churn()");
  EXPECT_EQ(row.allocations, 50U);
  EXPECT_EQ(row.temporary, 50U);
}

TEST_F(Reports, LeaksListWhatIsAliveAndNothingElse) {
  const Row row = row_calling("leaks", "chain::outer_request(int)");
  EXPECT_EQ(row.live_blocks, 6);
  for (const Row& leak : recording().rows("leaks", {"--limit", "0"})) {
    EXPECT_GT(leak.live_blocks, 0);
    EXPECT_FALSE(leak.calls("chain::new_leaf()"));
  }
}

TEST_F(Reports, ThePeakIsTheSumOfItsRows) {
  std::uint64_t sum = 0;
  for (const Row& row : recording().rows("peak", {"--limit", "0"})) sum += row.peak_bytes;
  EXPECT_EQ(sum, recording().summary().peak_bytes);
  EXPECT_EQ(row_calling("peak", "chain::outer_request(int)").peak_bytes, 7U * 4096);
}

TEST_F(Reports, HotspotsAddUpToTheSummary) {
  std::uint64_t allocations = 0;
  std::uint64_t bytes = 0;
  for (const Row& row : recording().rows("hotspots", {"--limit", "0"})) {
    allocations += row.allocations;
    bytes += row.bytes;
  }
  EXPECT_EQ(allocations, recording().summary().allocations);
  EXPECT_EQ(bytes, recording().summary().allocated_bytes);
}

TEST_F(Reports, SummaryHasTheKeysThatScriptsRelyOn) {
  const json summary = json::parse(recording().json_text("summary"));
  for (const char* key :
       {"allocations", "frees", "reallocations", "allocated_bytes", "live_blocks", "live_bytes",
        "peak_bytes", "temporary_allocations", "threads", "sites"}) {
    EXPECT_TRUE(summary.at(key).is_number_integer()) << key;
  }
  EXPECT_TRUE(summary.at("losses").is_object());
  for (const auto& [kind, events] : summary.at("losses").items()) EXPECT_EQ(events, 0) << kind;
  EXPECT_TRUE(summary.contains("exit"));
  EXPECT_TRUE(summary.at("duration_seconds").is_number());
  EXPECT_EQ(summary.at("threads"), 1);
}

class EveryReport : public Reports, public ::testing::WithParamInterface<std::string> {};

TEST_P(EveryReport, HasTheKeysThatScriptsRelyOn) {
  const json rows = json::parse(recording().json_text(GetParam()));
  ASSERT_TRUE(rows.is_array());
  ASSERT_FALSE(rows.empty());
  for (const json& row : rows) {
    for (const char* key :
         {"allocations", "bytes", "live_blocks", "live_bytes", "peak_bytes", "temporary"}) {
      EXPECT_TRUE(row.at(key).is_number_integer()) << key;
    }
    ASSERT_TRUE(row.at("stack").is_array());
    for (const json& frame : row.at("stack")) {
      for (const char* key : {"function", "file", "line", "module", "inlined"}) {
        EXPECT_TRUE(frame.contains(key)) << key;
      }
      EXPECT_TRUE(frame.at("inlined").is_boolean());
    }
  }
}

TEST_P(EveryReport, IsTextForPeopleThatFits80Columns) {
  const Finished text = run({.arguments = {heapscribe_command(), GetParam(), recording().path()}});
  EXPECT_EQ(text.exit_status, 0) << describe(text);
  std::istringstream lines(text.out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_LE(columns_of(line), 80) << line;
  }
  EXPECT_GT(count, 1);
}

INSTANTIATE_TEST_SUITE_P(Report, EveryReport,
                         ::testing::Values("hotspots", "peak", "temporary", "leaks"),
                         [](const auto& tested) { return tested.param; });

TEST_F(Reports, TheRecordingNeedsNeitherTheProgramNorItsSource) {
  const auto copy = file("copied_program");
  std::filesystem::copy_file(test_program("call_chain"), copy);
  const auto run = run_recorded(in_directory({copy}));
  std::filesystem::remove(copy);
  const Row row = run.recording.total_of("chain::outer_request(int)");
  EXPECT_EQ(row.allocations, 7U);
  EXPECT_EQ(row.stack.back().function, "_start");
}

TEST_F(Reports, QueryAnswersSql) {
  const Finished answer = run({.arguments = {heapscribe_command(), "query", recording().path(),
                                             "SELECT sum(allocations) AS n FROM site"}});
  EXPECT_EQ(answer.exit_status, 0) << describe(answer);
  EXPECT_NE(answer.out.find(std::to_string(recording().summary().allocations)), std::string::npos)
      << answer.out;
}

TEST_F(Reports, AQueryCannotChangeTheRecording) {
  const Finished answer =
      run({.arguments = {heapscribe_command(), "query", recording().path(), "DELETE FROM site"}});
  expect_refusal(answer);
  EXPECT_GT(recording().summary().sites, 0U);
}

}  // namespace
}  // namespace heapscribe::tests
