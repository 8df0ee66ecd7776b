// Every sample, and what its first comment says must be found.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

class Samples : public EndToEnd {
 protected:
  RecordedRun record_sample(const std::string& name) const {
    return expect_same_and_exact(in_directory({sample_program(name)}));
  }
  static Row first_of(const Recording& recording, const std::string& report) {
    const auto rows = recording.rows(report);
    if (rows.empty()) ADD_FAILURE() << report << " is empty";
    return rows.empty() ? Row{} : rows.front();
  }
};

TEST_F(Samples, LeakyCacheKeepsItsAnswers) {
  const auto run = record_sample("leaky_cache");
  const Row leak = first_of(run.recording, "leaks");
  EXPECT_EQ(leak.function, "(anonymous namespace)::AnswerCache::remember(char const*)");
  std::vector<std::string> callers;
  for (const Frame& frame : leak.stack) callers.push_back(frame.function);
  const auto cause = std::find(callers.begin(), callers.end(), leak.function);
  ASSERT_GE(callers.end() - cause, 4);
  EXPECT_EQ(cause[1], "(anonymous namespace)::handle_request(int)");
  EXPECT_EQ(cause[2], "(anonymous namespace)::serve_requests(int)");
  EXPECT_EQ(cause[3], "main");
  EXPECT_EQ(leak.live_blocks, 1000);
  EXPECT_EQ(leak.live_bytes, 2000000);
}

TEST_F(Samples, GrowingVectorGrows) {
  const auto run = record_sample("growing_vector");
  const Row growing = run.recording.total_of("(anonymous namespace)::collect_by_growing()");
  EXPECT_EQ(growing.allocations, 21U);
  EXPECT_EQ(growing.bytes, 8388604U);
  const Row reserved = run.recording.total_of("(anonymous namespace)::collect_reserved()");
  EXPECT_EQ(reserved.allocations, 1U);
  EXPECT_EQ(reserved.bytes, 4000000U);
  EXPECT_EQ(run.recording.total_of("(anonymous namespace)::grow_buffer()").allocations, 13U);
  EXPECT_EQ(run.recording.summary().reallocations, 12U);
}

TEST_F(Samples, TemporaryStringsAreFreedAtOnce) {
  const auto run = record_sample("temporary_strings");
  const Row temporary = first_of(run.recording, "temporary");
  EXPECT_TRUE(temporary.calls("(anonymous namespace)::describe_event[abi:cxx11](int)") ||
              temporary.calls("(anonymous namespace)::describe_event(int)"));
  EXPECT_EQ(temporary.allocations, 20000U);
  EXPECT_EQ(temporary.temporary, 20000U);
}

TEST_F(Samples, PeakSpikeIsSeenAtItsExactHeight) {
  const auto run = record_sample("peak_spike");
  const Row spike = first_of(run.recording, "peak");
  EXPECT_TRUE(spike.calls("(anonymous namespace)::sort_everything_at_once()"));
  EXPECT_EQ(spike.peak_bytes, 6U << 20U);
  std::uint64_t at_peak = 0;
  for (const Row& row : run.recording.rows("peak")) {
    if (row.calls("main")) at_peak += row.peak_bytes;
  }
  EXPECT_EQ(at_peak, 7340032U);
  for (const Row& leak : run.recording.rows("leaks")) EXPECT_FALSE(leak.calls("main"));
}

TEST_F(Samples, ThreadsReleaseForEachOther) {
  const auto run = record_sample("threads");
  const Row messages = run.recording.total_of("(anonymous namespace)::produce_message()");
  EXPECT_EQ(messages.allocations, 40000U);
  EXPECT_EQ(messages.bytes, 5120000U);
  EXPECT_EQ(messages.live_blocks, 0);
  EXPECT_EQ(run.recording.summary().threads, 6U);
}

TEST_F(Samples, QuietHasNothingToReport) {
  const Command command = in_directory({sample_program("quiet")});
  const auto run = run_recorded(command);
  expect_same(run_plain(command), run);
  EXPECT_EQ(run.recording.summary().allocations, 0U);
  for (const char* report : {"hotspots", "peak", "temporary", "leaks"}) {
    EXPECT_TRUE(run.recording.rows(report).empty()) << report;
    const Finished text =
        tests::run({.arguments = {heapscribe_command(), report, run.recording.path()}});
    EXPECT_EQ(text.exit_status, 0) << describe(text);
    EXPECT_NE(text.out, "") << report;
  }
}

TEST_F(Samples, SectionsTellWhatBelongsToWhat) {
  const auto run = record_sample("sections");
  const auto sum = [&](const std::string& what, const std::string& section) {
    return run.recording.integer("SELECT sum(" + what +
                                 ") FROM section_site JOIN section ON id = "
                                 "section_id WHERE name = '" +
                                 section + "'");
  };
  EXPECT_EQ(sum("allocations", "parse"), 3000);
  EXPECT_EQ(sum("allocations - frees", "parse"), 0);
  EXPECT_EQ(sum("bytes - freed_bytes", "answer"), 500'000);
  const auto rows = run.recording.rows("hotspots", {"--section", "parse"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.front().function, "(anonymous namespace)::copy_field(char const*)");
  EXPECT_EQ(run.recording.integer("SELECT count(*) FROM marker WHERE name = 'first request'"), 1);
}

// The program names them itself, so that both ways can be compared.
TEST_F(Samples, SectionsByFunctionAreThoseOfTheProgram) {
  const auto run = record_sample("sections");
  const auto find = [&](const std::vector<std::string>& options, const std::string& path) {
    for (const auto& row : nlohmann::json::parse(run.recording.json_text("sections", options))) {
      if (row.at("section") == path) return row;
    }
    ADD_FAILURE() << "no section " << path;
    return nlohmann::json::object();
  };
  const std::vector<std::string> by_function = {
      "--section", "request=^main$", "--section", "parse=copy_field", "--section", "answer=answer"};
  for (const std::string path : {"request/parse", "request/answer"}) {
    const auto named = find({}, path);
    const auto found = find(by_function, path);
    for (const std::string key :
         {"allocations", "bytes", "net_bytes", "frees", "live_bytes", "peak_bytes", "temporary"}) {
      EXPECT_EQ(found.value(key, -1), named.value(key, -2)) << path << " " << key;
    }
    EXPECT_TRUE(found.value("entered", nlohmann::json(0)).is_null()) << found;
  }
}

}  // namespace
}  // namespace heapscribe::tests
