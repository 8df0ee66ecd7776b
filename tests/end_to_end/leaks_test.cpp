// The leak check as users meet it. What it finds is judged by the corpus, tests/leak_corpus.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

class Leaks : public EndToEnd {
 protected:
  RecordedRun recorded(const std::string& way, const std::vector<std::string>& options = {}) const {
    return run_recorded(in_directory({test_program("holders"), way}), options);
  }
  Finished leaks(const RecordedRun& run, const std::vector<std::string>& options) const {
    std::vector<std::string> command = {heapscribe_command(), "leaks", run.recording.path()};
    command.insert(command.end(), options.begin(), options.end());
    return heapscribe::tests::run({command});
  }
  // By function.
  static std::map<std::string, nlohmann::json> rows(const Recording& recording) {
    std::map<std::string, nlohmann::json> found;
    for (auto& row : nlohmann::json::parse(recording.json_text("leaks", {"--classes", "all"}))) {
      const std::string function = row.at("function");
      found[function.substr(0, function.find('('))] = row;
    }
    return found;
  }
};

class EveryEnd : public Leaks, public ::testing::WithParamInterface<const char*> {};

TEST_P(EveryEnd, TellsLostFromHeld) {
  const RecordedRun run = recorded(GetParam());
  EXPECT_EQ(run.finished.exit_status, 3);
  auto found = rows(run.recording);
  EXPECT_EQ(found["forget"]["class"], "definite");
  EXPECT_EQ(found["forget"]["bytes"], 77);
  EXPECT_EQ(found["make_entry"]["class"], "reachable");
  EXPECT_EQ(found["make_entry"]["blocks"], 100);
  EXPECT_EQ(found["make_table"]["retained_bytes"], 100 * 1000 + 800);
  const std::string holder = found["make_entry"]["retainer"];
  EXPECT_NE(holder.find("global"), std::string::npos) << holder;
  EXPECT_NE(holder.find("make_table"), std::string::npos) << holder;
}
INSTANTIATE_TEST_SUITE_P(Way, EveryEnd, ::testing::Values("return", "exit", "_exit"));

TEST_F(Leaks, FailOnSetsTheStatus) {
  const RecordedRun run = recorded("return");
  EXPECT_EQ(leaks(run, {"--fail-on", "definite,possible"}).exit_status, 1);
  EXPECT_EQ(leaks(run, {"--fail-on", "possible"}).exit_status, 0);
  const Finished refused = leaks(run, {"--fail-on", "certain"});
  expect_refusal(refused);
  EXPECT_NE(refused.err.find("certain"), std::string::npos);
}

TEST_F(Leaks, GeneratedSuppressionsSuppress) {
  const RecordedRun run = recorded("exit");
  const Finished generated = leaks(run, {"--generate-suppressions"});
  EXPECT_NE(generated.out.find("leak:^forget()$"), std::string::npos) << generated.out;
  std::ofstream(file("known.txt")) << generated.out;
  const Finished report =
      leaks(run, {"--suppressions", file("known.txt"), "--fail-on", "definite"});
  EXPECT_EQ(report.exit_status, 0) << report.out;
  EXPECT_NE(report.out.find("Suppressed: 77 B in 1 block."), std::string::npos) << report.out;
}

TEST_F(Leaks, WithoutACheckTheReasonIsSaid) {
  struct Case {
    const char* way;
    std::vector<std::string> options;
    const char* reason;
  };
  const Case cases[] = {{"abort", {}, "did not end by exit"},
                        {"return", {"--leak-check", "off"}, "not asked for"},
                        {"return", {"--mode", "counts"}, "only --mode"}};
  for (const Case& one : cases) {
    const RecordedRun run = recorded(one.way, one.options);
    const Finished report = leaks(run, {});
    EXPECT_EQ(report.exit_status, 0);
    EXPECT_NE(report.out.find(one.reason), std::string::npos) << report.out;
    expect_refusal(leaks(run, {"--fail-on", "definite"}));
  }
}

TEST_F(Leaks, NobodyWaitsForTheCopy) {
  const Command piped =
      in_directory({"bash", "-c",
                    heapscribe_command().string() + " run --quiet -o x.db -- " +
                        test_program("holders").string() + " exit | cat; echo done"});
  const Finished finished = heapscribe::tests::run(piped);
  EXPECT_EQ(finished.out, "done\n");
  EXPECT_FALSE(finished.timed_out);
}

TEST_F(Leaks, TheProgramsOwnSuppressionsCount) {
  const RecordedRun run = run_recorded(in_directory({test_program("known_leak")}));
  const Finished report = leaks(run, {"--fail-on", "definite"});
  EXPECT_EQ(report.exit_status, 1);
  EXPECT_NE(report.out.find("Suppressed: 33 B in 1 block."), std::string::npos) << report.out;
  EXPECT_NE(report.out.find("leak:lose_as_known (the program"), std::string::npos) << report.out;
  const auto found = rows(run.recording);
  EXPECT_EQ(found.count("lose_as_known"), 0U);
  EXPECT_EQ(found.at("lose_by_mistake").at("bytes"), 44);
}

// What waits in the kernel is looked at all the same, and does not notice.
TEST_F(Leaks, NoWaitIsEndedByTheCheck) {
  for (int round = 0; round < 5; ++round) {
    const RecordedRun run = run_recorded(in_directory({test_program("waiting_threads")}));
    EXPECT_EQ(run.finished.exit_status, 0) << describe(run.finished);
    EXPECT_EQ(run.finished.out, "done\n");
    EXPECT_EQ(run.recording.property("leak_check"), "complete");
  }
}

std::ptrdiff_t count_entries(const std::filesystem::path& directory) {
  return std::distance(std::filesystem::directory_iterator(directory),
                       std::filesystem::directory_iterator());
}

TEST_F(Leaks, AreLookedForWhileTheProgramRuns) {
  const Recording recording(file("running.db"));
  RunningProgram program(
      recording_command(in_directory({test_program("waiting_threads"), "60"}), recording.path()));
  ASSERT_TRUE(wait_until([&] {
    const Finished asked =
        heapscribe::tests::run({{heapscribe_command(), "query", recording.path(),
                                 "SELECT 1 FROM recording WHERE key = 'allocations'"}});
    return asked.out.find('1') != std::string::npos;
  }));
  const auto lost_blocks = [&] {
    const Finished asked =
        heapscribe::tests::run({{heapscribe_command(), "ctl", recording.path(), "leaks"}});
    EXPECT_EQ(asked.exit_status, 0) << describe(asked);
    EXPECT_NE(asked.out.find("heapscribe leaks "), std::string::npos) << asked.out;
    const auto found = rows(recording)["lose_one"];
    if (found.is_null() || found.at("class") != "definite") return 0;
    return found.at("blocks").get<int>();
  };
  int blocks = 0;
  ASSERT_TRUE(wait_until([&] { return (blocks = lost_blocks()) > 100; }));
  const pid_t target = std::stoi(recording.property("pid"));
  const std::string files = "/proc/" + std::to_string(target) + "/fd";
  const auto open_files = count_entries(files);
  EXPECT_GT(lost_blocks(), blocks);
  EXPECT_EQ(count_entries(files), open_files);
  EXPECT_EQ(kill(target, SIGKILL), 0) << "no wait was ended";
  program.finish();
  EXPECT_EQ(recording.property("leak_check"), "complete") << "the last one that was asked for";
  const Finished report =
      heapscribe::tests::run({{heapscribe_command(), "leaks", recording.path()}});
  EXPECT_NE(report.out.find("when it was asked for"), std::string::npos) << report.out;
}

}  // namespace
}  // namespace heapscribe::tests
