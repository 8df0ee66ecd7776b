// Snapshots of running programs, by period, command and signal; differences between moments and
// between builds; growth told from a start and from a cache.
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

using nlohmann::json;

class Snapshots : public EndToEnd {
 protected:
  static Finished heapscribe(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), heapscribe_command());
    return run(Command{.arguments = std::move(arguments)});
  }
  json rows(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command = arguments;
    command.insert(command.end(), {"--format", "json"});
    const Finished finished = heapscribe(command);
    EXPECT_EQ(finished.exit_status, 0) << describe(finished);
    return finished.exit_status == 0 ? json::parse(finished.out) : json::array();
  }
  json snapshots() const { return rows({"snapshots", database()}); }
  std::string database() const { return file("run.db"); }

  static json with_label(const json& rows, const std::string& label) {
    for (const json& row : rows) {
      if (row.at("label") == label) return row;
    }
    ADD_FAILURE() << "no snapshot '" << label << "' in " << rows.dump(1);
    return {};
  }
  // The first row of a place, by the end of its function's name.
  static json of_function(const json& rows, const std::string& name) {
    for (const json& row : rows) {
      if (row.at("function").get<std::string>().find(name) != std::string::npos) return row;
    }
    return {};
  }
  // Until the program's first numbers are in the database.
  bool wait_for_begin() const {
    return wait_until([&] {
      return std::filesystem::exists(database()) &&
             heapscribe({"query", database(), "SELECT 1 FROM recording WHERE key = 'allocations'"})
                     .out.find('1') != std::string::npos;
    });
  }
  // A server that would run for a minute, under `run`.
  std::unique_ptr<RunningProgram> start_server(const std::vector<std::string>& options = {}) const {
    const Command server = in_directory({sample_program("leaking_server"), "60"});
    auto program = std::make_unique<RunningProgram>(recording_command(server, database(), options));
    EXPECT_TRUE(wait_for_begin());
    return program;
  }
  std::string target_pid() const { return Recording(database()).property("pid"); }
  void end_server(RunningProgram& program) const {
    kill(std::stoi(target_pid()), SIGKILL);
    program.finish();
  }
};

TEST_F(Snapshots, ThePeakAndTheEndAreAlwaysThere) {
  const RecordedRun run = run_recorded(in_directory({sample_program("leaky_cache")}));
  const json rows = this->rows({"snapshots", run.recording.path()});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(with_label(rows, "exit").at("live_bytes"), run.recording.summary().live_bytes);
  EXPECT_EQ(with_label(rows, "peak").at("live_bytes"), run.recording.summary().peak_bytes);
}

TEST_F(Snapshots, AreTakenOnCommandByDatabaseAndByProcess) {
  const auto server = start_server();
  const Finished first = heapscribe({"ctl", database(), "snapshot", "before"});
  EXPECT_EQ(first.exit_status, 0) << describe(first);
  const std::int64_t then = with_label(snapshots(), "before").at("live_bytes");
  EXPECT_TRUE(
      wait_until([&] { return Recording(database()).summary().live_bytes > then + 50'000; }));
  const Finished second = heapscribe({"ctl", target_pid(), "snapshot", "after"});
  EXPECT_EQ(second.exit_status, 0) << describe(second);
  EXPECT_EQ(with_label(snapshots(), "before").at("pause_ns"), 0);
  end_server(*server);
  const json grown = of_function(rows({"diff", database(), "--from", "before", "--to", "after"}),
                                 "SessionTable::open");
  EXPECT_EQ(grown.value("change", ""), "grew");
  EXPECT_GT(grown.value("delta", 0), 20'000);
  EXPECT_EQ(with_label(snapshots(), "before").at("live_bytes"), then);
  std::int64_t held = 0;
  for (const json& row : rows({"snapshots", database(), "--at", "before"})) {
    held += row.at("live_bytes").get<std::int64_t>();
    EXPECT_LE(row.at("youngest_age_seconds"), row.at("oldest_age_seconds"));
    EXPECT_LE(row.at("oldest_age_seconds"), 60);
  }
  EXPECT_EQ(held, then);
}

TEST_F(Snapshots, AreTakenPeriodically) {
  const auto server = start_server({"--snapshot-every", "200ms"});
  EXPECT_TRUE(wait_until([&] { return snapshots().size() >= 3; }));
  end_server(*server);
  std::size_t periodic = 0;
  std::int64_t before = 0;
  for (const json& row : snapshots()) {
    if (row.at("cause") != "periodic") continue;
    ++periodic;
    EXPECT_GE(row.at("allocations").get<std::int64_t>(), before);
    before = row.at("allocations");
  }
  EXPECT_GE(periodic, 3U);
}

TEST_F(Snapshots, AreTakenAtASignalThatTheProgramDoesNotGet) {
  const auto server = start_server({"--snapshot-signal", "SIGUSR2"});
  kill(server->pid(), SIGUSR2);
  EXPECT_TRUE(wait_until([&] {
    const json rows = snapshots();
    return std::any_of(rows.begin(), rows.end(),
                       [](const json& row) { return row.at("cause") == "signal"; });
  }));
  EXPECT_EQ(kill(std::stoi(target_pid()), 0), 0) << "SIGUSR2 would have ended the program";
  end_server(*server);
}

TEST_F(Snapshots, OfAPreloadedProgramTooByVariableAndCommand) {
  Command server = in_directory({sample_program("leaking_server"), "60"});
  server.environment["LD_PRELOAD"] = heapscribe_library();
  server.environment["HEAPSCRIBE_COLLECTOR"] = heapscribe_command();
  server.environment["HEAPSCRIBE_OUTPUT"] = database();
  server.environment["HEAPSCRIBE_SNAPSHOT_EVERY"] = "100ms";
  RunningProgram program(server);
  ASSERT_TRUE(wait_for_begin());
  const Finished asked = heapscribe({"ctl", target_pid(), "snapshot", "now"});
  EXPECT_EQ(asked.exit_status, 0) << describe(asked);
  EXPECT_EQ(with_label(snapshots(), "now").at("cause"), "ctl");
  EXPECT_TRUE(wait_until([&] { return snapshots().size() >= 3; }));
  end_server(program);
}

TEST_F(Snapshots, OfWhatIsNotRecordedAreRefused) {
  expect_refusal(heapscribe({"ctl", std::to_string(getpid()), "snapshot"}));
  expect_refusal(heapscribe({"ctl", file("nothing.db"), "snapshot"}));
  const RecordedRun run = run_recorded(in_directory({sample_program("quiet")}));
  expect_refusal(heapscribe({"ctl", run.recording.path(), "snapshot"}));
  expect_refusal(heapscribe({"ctl", run.recording.path()}));
  for (const char* label : {"12", "3s", "exit", "a\nb"}) {
    expect_refusal(heapscribe({"ctl", run.recording.path(), "snapshot", label}));
  }
  expect_refusal(heapscribe({"diff", run.recording.path(), "--from", "nowhere"}));
  expect_refusal(heapscribe({"diff", run.recording.path()}));
  expect_refusal(heapscribe({"compare", run.recording.path()}));
  for (const char* period : {"often", "1", "0s", "1ms", "-1s"}) {
    expect_refusal(heapscribe({"run", "--snapshot-every", period, "--", "true"}));
  }
  expect_refusal(heapscribe({"run", "--snapshot-signal", "SIGKILL", "--", "true"}));
}

TEST_F(Snapshots, ARebuildIsComparedByNames) {
  const auto before = run_recorded(in_directory({test_program("rebuilt_before")}));
  const auto after = run_recorded(in_directory({test_program("rebuilt_after")}));
  const json rows = this->rows({"diff", before.recording.path(), after.recording.path()});
  const auto change = [&](const std::string& function) {
    return of_function(rows, function).value("change", "(none)");
  };
  EXPECT_EQ(change("read_settings"), "same");
  EXPECT_EQ(change("log_entry"), "new");
  EXPECT_EQ(change("grow_table"), "grew");
  EXPECT_EQ(of_function(rows, "grow_table").value("delta", 0), 10'000);
  EXPECT_EQ(rows[0].at("function"), "grow_table");
  const json back = this->rows({"diff", after.recording.path(), before.recording.path()});
  EXPECT_EQ(of_function(back, "log_entry").value("change", ""), "gone");
  EXPECT_EQ(of_function(back, "grow_table").value("change", ""), "shrank");
}

TEST_F(Snapshots, RepeatedRunsAreCompared) {
  std::vector<std::string> command = {"compare"};
  for (const char* program : {"rebuilt_before", "rebuilt_after"}) {
    if (command.size() > 1) command.emplace_back("--");
    for (int count = 0; count < 2; ++count) {
      command.push_back(run_recorded(in_directory({test_program(program)})).recording.path());
    }
  }
  command.insert(command.end(), {"--format", "json"});
  const Finished finished = heapscribe(command);
  ASSERT_EQ(finished.exit_status, 0) << describe(finished);
  const json comparison = json::parse(finished.out);
  EXPECT_EQ(comparison.at("runs_before"), 2);
  EXPECT_EQ(comparison.at("runs_after"), 2);
  EXPECT_EQ(comparison.at("metrics")[0].at("metric"), "peak_bytes");
  EXPECT_EQ(comparison.at("metrics")[0].at("verdict"), "higher");
  EXPECT_EQ(comparison.at("places")[0].at("function"), "grow_table");
}

// Growth ----------------------------------------------------------------------------------------

class Growth : public Snapshots {};

// All three at once: they mostly sleep.
TEST_F(Growth, TellsALeakFromAWarmUpAndABoundedCache) {
  struct Story {
    const char* program;
    const char* function;
    const char* verdict;
  };
  constexpr Story kStories[] = {{"leaking_server", "SessionTable::open", "steady_growth"},
                                {"warming_cache", "PageCache::render", "warm_up"},
                                {"bounded_cache", "AnswerCache::insert", "bounded_cache"}};
  std::vector<std::unique_ptr<RunningProgram>> programs;
  for (const Story& story : kStories) {
    programs.push_back(std::make_unique<RunningProgram>(
        recording_command(in_directory({sample_program(story.program), "10"}),
                          file(std::string(story.program) + ".db"))));
  }
  for (const auto& program : programs) EXPECT_EQ(program->finish().exit_status, 0);
  for (const Story& story : kStories) {
    const json rows = this->rows({"growth", file(std::string(story.program) + ".db")});
    EXPECT_EQ(of_function(rows, story.function).value("verdict", ""), story.verdict)
        << rows.dump(1);
    for (const json& row : rows) {
      if (row.at("function") == of_function(rows, story.function).at("function")) continue;
      EXPECT_NE(row.at("verdict"), "steady_growth") << row.dump(1);
    }
  }
  const json leak = rows({"growth", file("leaking_server.db")})[0];
  EXPECT_GT(leak.at("slope_low").get<double>(), 50'000);
  EXPECT_LT(leak.at("slope_high").get<double>(), 300'000);
}

TEST_F(Growth, OfAShortRunIsNotGuessed) {
  const RecordedRun run = run_recorded(in_directory({sample_program("leaky_cache")}));
  for (const json& row : rows({"growth", run.recording.path()})) {
    EXPECT_EQ(row.at("verdict"), "too_short");
  }
}

}  // namespace
}  // namespace heapscribe::tests
