// LD_PRELOAD without `heapscribe run`: the library starts its own collector.
#include <algorithm>
#include <csignal>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

namespace fs = std::filesystem;

class BarePreload : public EndToEnd {
 protected:
  Command bare(std::vector<std::string> arguments) const {
    Command command = in_directory(std::move(arguments));
    command.environment["LD_PRELOAD"] =
        heapscribe_library().string() + ":" + counting_library().string();
    command.environment["COUNTS_DIR"] = counts_directory();
    return command;
  }

  // The databases that appeared beside the program, complete ones only.
  std::vector<fs::path> databases() const {
    std::vector<fs::path> result;
    for (const auto& entry : fs::directory_iterator(directory())) {
      if (entry.path().extension() == ".db") result.push_back(entry.path());
    }
    return result;
  }

  static bool is_complete(const fs::path& database) {
    try {
      return Recording(database).property("state") == "complete";
    } catch (const std::exception&) {
      return false;  // still being written
    }
  }

  // The collector may finish after the program.
  Recording only_recording() const {
    EXPECT_TRUE(wait_until([&] {
      const auto found = databases();
      return found.size() == 1 && is_complete(found[0]);
    }));
    const auto found = databases();
    EXPECT_EQ(found.size(), 1U);
    return Recording(found.empty() ? fs::path() : found[0]);
  }
};

TEST_F(BarePreload, WritesADatabaseNamedAfterProgramAndProcess) {
  const Finished finished = run(bare({test_program("hello")}));
  const Recording recording = only_recording();
  EXPECT_EQ(recording.path().filename(), "heapscribe.hello." + recording.property("pid") + ".db");
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
}

TEST_F(BarePreload, RecordsTheSameNumbersAsRun) {
  const Finished finished = run(bare({test_program("many_paths"), "10"}));
  const Recording recording = only_recording();
  const auto truth = read_counts(counts_directory(), std::stoi(recording.property("pid")));
  ASSERT_TRUE(truth);
  const Summary summary = recording.summary();
  EXPECT_EQ(summary.allocations, truth->allocations);
  EXPECT_EQ(summary.frees, truth->frees);
  EXPECT_EQ(summary.allocated_bytes, truth->bytes);
  EXPECT_EQ(finished.out, "1024 allocated, 512 freed\n");
}

TEST_F(BarePreload, SaysOneClosingLineAndKeepsTheExitStatus) {
  const Command command = in_directory({test_program("exit_ways"), "exit"});
  const Finished plain = run_plain(command);
  const Finished finished = run(bare(command.arguments));
  EXPECT_EQ(finished.exit_status, plain.exit_status);
  EXPECT_EQ(finished.out, plain.out);
  EXPECT_EQ(finished.err.rfind("heapscribe: ", 0), 0U) << describe(finished);
  EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << describe(finished);
}

TEST_F(BarePreload, KeepsTheSignalThatEndsTheProgram) {
  const Finished finished = run(bare({test_program("exit_ways"), "terminate"}));
  EXPECT_EQ(finished.signal, SIGTERM) << describe(finished);
  EXPECT_GT(only_recording().summary().allocations, 100U);
}

TEST_F(BarePreload, WritesWhereItsVariableSays) {
  Command command = bare({test_program("hello")});
  command.environment["HEAPSCRIBE_OUTPUT"] = file("elsewhere.db");
  run(command);
  const Recording recording = only_recording();
  EXPECT_EQ(recording.path(), file("elsewhere.db"));
}

TEST_F(BarePreload, TheProgramsChildrenAreNotRecorded) {
  const Finished finished = run(bare({test_program("spawn_family")}));
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
  only_recording();
}

// Whoever reads the program's output must see its end when the program ends.
TEST_F(BarePreload, ADaemonDoesNotHoldItsCallersPipe) {
  const Finished finished = run(bare({test_program("daemon")}));
  EXPECT_FALSE(finished.timed_out);
  EXPECT_EQ(finished.exit_status, 4) << describe(finished);
  EXPECT_EQ(finished.out, "going to the background\n");
  EXPECT_FALSE(exists(file("daemon done"))) << "the pipe was held until the daemon ended";
  write_text(file("go"), "");
  EXPECT_TRUE(wait_until([&] { return exists(file("daemon done")); }));
}

TEST_F(BarePreload, WithoutACollectorTheProgramRunsAndASentenceSaysSo) {
  Command command = bare({test_program("hello")});
  command.environment["HEAPSCRIBE_COLLECTOR"] = "/nonexistent/heapscribe";
  const Finished finished = run(command);
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
  EXPECT_EQ(finished.out, "hello\n");
  EXPECT_EQ(finished.err.rfind("heapscribe: ", 0), 0U) << describe(finished);
  EXPECT_TRUE(databases().empty());
}

TEST_F(BarePreload, WithAnUnwritableOutputTheProgramRunsAndASentenceSaysSo) {
  Command command = bare({test_program("hello")});
  command.environment["HEAPSCRIBE_OUTPUT"] = "/nonexistent/folder/recording.db";
  const Finished finished = run(command);
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
  EXPECT_EQ(finished.out, "hello\n");
  EXPECT_NE(finished.err.find("heapscribe: "), std::string::npos) << describe(finished);
}

}  // namespace
}  // namespace heapscribe::tests
