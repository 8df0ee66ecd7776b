// What held programs up, against their own clocks. Time decides nothing here but ratios, and those
// are of a median: a busy machine delays the program's clock and ours alike.
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

using nlohmann::json;

class Pauses : public EndToEnd {
 protected:
  static json report_on(const Recording& recording) {
    return json::parse(recording.json_text("pauses"));
  }
  RecordedRun list_dropped(const std::vector<std::string>& arguments,
                           const std::vector<std::string>& options = {}) const {
    std::vector<std::string> command = {test_program("pauses")};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run_recorded(in_directory(command), options);
  }
};

std::vector<json> events_of(const json& report, const std::string& kind,
                            const std::string& function = "") {
  std::vector<json> found;
  for (const json& event : report.at("events")) {
    if (event.at("kind") != kind) continue;
    const auto name = event.at("function").get<std::string>();
    if (name.find(function) != std::string::npos) found.push_back(event);
  }
  return found;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

std::vector<double> durations_ms(std::vector<json> events) {
  std::sort(events.begin(), events.end(), [](const json& left, const json& right) {
    return left.at("start_ns") < right.at("start_ns");
  });
  std::vector<double> durations;
  durations.reserve(events.size());
  for (const json& event : events) {
    durations.push_back(event.at("duration_ns").get<double>() / 1e6);
  }
  return durations;
}

// Numbers that follow `word` in what a sample prints.
std::vector<double> numbers_after(const std::string& text, const std::string& word) {
  std::vector<double> numbers;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    numbers.push_back(std::stod(text.substr(at + word.size())));
  }
  return numbers;
}

// On a starving machine the scheduler cuts events into pieces that are not put together again: then
// nothing can be compared. How near the two clocks are is measured by bench/compare_pauses.
void expect_agreement(const std::vector<double>& ours, const std::vector<double>& theirs) {
  ASSERT_FALSE(ours.empty());
  if (ours.size() != theirs.size()) return;
  EXPECT_GT(median(ours) / median(theirs), 0.8);
  EXPECT_LT(median(ours) / median(theirs), 1.25);
}

TEST_F(Pauses, ADestructorCascadeIsAReleaseStorm) {
  const RecordedRun run =
      run_recorded(in_directory({sample_program("destructor_cascade"), "7", "60000"}));
  expect_exact(run);
  const json report = report_on(run.recording);
  const auto storms = events_of(report, "release_storm", "drop_cache");
  expect_agreement(durations_ms(storms), numbers_after(run.finished.out, "blocks in "));
  std::int64_t reclaimed = 0;
  for (const json& storm : storms) reclaimed += storm.at("blocks_reclaimed").get<std::int64_t>();
  EXPECT_GT(reclaimed, 60'000);
  EXPECT_LE(reclaimed, 7 * 2 * 60'000);
  EXPECT_NE(report.at("verdict").get<std::string>().find("drop_cache"), std::string::npos);
  EXPECT_NE(report.at("verdict").get<std::string>().find("release storms"), std::string::npos);
  EXPECT_EQ(report.at("mmu").at(0).at("process"), 0);
}

TEST_F(Pauses, LargeBlocksAreStallsAndNoStorm) {
  const RecordedRun run = run_recorded(in_directory({sample_program("mmap_stalls"), "9", "32"}));
  expect_exact(run);
  const json report = report_on(run.recording);
  const auto stalls = events_of(report, "stall", "release_buffer");
  EXPECT_EQ(stalls.size(), 9U);
  expect_agreement(durations_ms(stalls), numbers_after(run.finished.out, "free "));
  for (const json& stall : stalls) {
    EXPECT_EQ(stall.at("bytes_reclaimed"), 32 << 20);
    EXPECT_EQ(stall.at("stands_for"), 1);
  }
  EXPECT_TRUE(events_of(report, "release_storm").empty());
  EXPECT_NE(report.at("verdict").get<std::string>().find("free stalls"), std::string::npos);
}

TEST_F(Pauses, AQuietProgramHasNone) {
  const RecordedRun run = run_recorded(in_directory({sample_program("quiet")}));
  const json report = report_on(run.recording);
  EXPECT_TRUE(events_of(report, "stall").empty());
  EXPECT_TRUE(events_of(report, "release_storm").empty());
}

TEST_F(Pauses, NearlyEveryBlockOfAStormIsCounted) {
  const RecordedRun run = list_dropped({"1", "5", "50000"});
  expect_exact(run);
  EXPECT_GT(run.recording.integer("SELECT sum(blocks) FROM pause WHERE kind = 'release_storm'"),
            5 * 50'000 * 9 / 10);
  EXPECT_LE(run.recording.integer("SELECT sum(blocks) FROM pause WHERE kind = 'release_storm'"),
            5 * 50'000);
  EXPECT_EQ(run.recording.integer("SELECT sum(bytes) - 48 * sum(blocks) FROM pause "
                                  "WHERE kind = 'release_storm'"),
            0);
}

TEST_F(Pauses, EveryThreadHasItsOwn) {
  const RecordedRun run = list_dropped({"4", "5", "30000"});
  expect_exact(run);
  EXPECT_EQ(run.recording.integer("SELECT count(DISTINCT thread_id) FROM pause "
                                  "WHERE kind = 'release_storm'"),
            4);
}

TEST_F(Pauses, SurviveAKillOfTheProgram) {
  const RecordedRun run = list_dropped({"1", "1", "100000", std::to_string(SIGKILL)});
  EXPECT_EQ(run.finished.exit_status, 128 + SIGKILL);
  EXPECT_GT(run.recording.integer("SELECT sum(blocks) FROM pause WHERE kind = 'release_storm'"),
            80'000);
}

TEST_F(Pauses, WorkOnThePoolAndInModeCounts) {
  const RecordedRun pool = list_dropped({"1", "3", "50000"}, {"--allocator", "pool"});
  EXPECT_FALSE(events_of(report_on(pool.recording), "release_storm", "drop_list").empty());
  const RecordedRun counts = list_dropped({"1", "3", "50000"}, {"--mode", "counts"});
  EXPECT_FALSE(events_of(report_on(counts.recording), "release_storm").empty());
}

TEST_F(Pauses, AWaitForTheTraceIsOurOwn) {
  const RecordedRun run = list_dropped({"1", "3", "400000"}, {"--trace", "--trace-ring", "16KiB"});
  expect_exact(run);
  EXPECT_GT(run.recording.integer("SELECT times FROM profiler_time WHERE cause = 'trace_wait'"), 0);
}

TEST_F(Pauses, CallsAreTimedAtTheRateThatWasPromised) {
  const RecordedRun run = list_dropped({"1", "10", "64000"});
  for (const char* call : {"malloc", "free"}) {
    const std::int64_t timed = run.recording.integer(
        std::string("SELECT calls FROM call_time WHERE sampled = 1 AND call = '") + call + "'");
    EXPECT_NEAR(static_cast<double>(timed), 10'000, 500) << call;
  }
}

TEST_F(Pauses, CanBeTurnedOff) {
  const RecordedRun run = list_dropped({"1", "2", "50000"}, {"--pauses", "off"});
  expect_exact(run);
  EXPECT_EQ(run.recording.integer("SELECT count(*) FROM pause"), 0);
  EXPECT_EQ(run.recording.property("pause_threshold_ns"), "");
  const Finished text =
      tests::run({.arguments = {heapscribe_command(), "pauses", run.recording.path()}});
  EXPECT_NE(text.out.find("run --pauses 100us"), std::string::npos) << describe(text);
}

TEST_F(Pauses, AThresholdThatIsNoneIsRefused) {
  for (const char* value : {"soon", "0ms", "-1ms", "1h", "100"}) {
    const Finished refused = tests::run(recording_command(in_directory({test_program("hello")}),
                                                          file("x.db"), {"--pauses", value}));
    expect_refusal(refused);
    EXPECT_NE(refused.err.find(value), std::string::npos) << refused.err;
  }
}

TEST_F(Pauses, AreRefusedWhereOnlySamplesAreSeen) {
  const Finished refused =
      tests::run(recording_command(in_directory({test_program("hello")}), file("x.db"),
                                   {"--mode", "sample", "--pauses", "1ms"}));
  expect_refusal(refused);
}

}  // namespace
}  // namespace heapscribe::tests
