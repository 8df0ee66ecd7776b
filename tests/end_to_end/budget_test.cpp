// run --budget: what a program may have while it runs.
#include <nlohmann/json.hpp>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

using nlohmann::json;

class Budget : public EndToEnd {
 protected:
  Command program(const std::string& way) const {
    return in_directory({test_program("budgets"), way});
  }
  static json limits(const Recording& recording) {
    return json::parse(recording.json_text("summary")).at("budget");
  }
};

// A program that has no use for more than this besides what it is tested with.
const char* const kHalfMebibyte = "512KiB";

TEST_F(Budget, LogChangesNothing) {
  const RecordedRun run = run_recorded(program("every-way"), {"--budget", kHalfMebibyte});
  EXPECT_EQ(run.finished.out, run_plain(program("every-way")).out);
  expect_exact(run);
  const json limit = limits(run.recording).at(0);
  EXPECT_EQ(limit.at("limit"), 512 * 1024);
  EXPECT_EQ(limit.at("refused_calls"), 0);
  EXPECT_EQ(limit.at("exceeded_by_bytes"), 1 << 20);
  EXPECT_NE(limit.at("exceeded_in").get<std::string>().find("every_way"), std::string::npos);
  EXPECT_GT(limit.at("exceeded_seconds"), 0);
  EXPECT_NE(run.closing_line.find("budget: peak 512.0 KiB exceeded after"), std::string::npos)
      << run.closing_line;
}

TEST_F(Budget, EveryCallIsRefusedAsIfMemoryHadRunOut) {
  const RecordedRun run =
      run_recorded(program("every-way"), {"--budget", kHalfMebibyte, "--budget-action", "enomem"});
  EXPECT_EQ(run.finished.out,
            "malloc refused\ncalloc refused\naligned_alloc refused\nposix_memalign refused\n"
            "realloc refused, kept\nnothrow new refused\nnew refused\nsmall malloc served\n");
  EXPECT_EQ(run.finished.exit_status, 0);
  expect_exact(run);
  EXPECT_EQ(limits(run.recording).at(0).at("refused_calls"), 7);
  EXPECT_LE(run.recording.summary().peak_bytes, 512U * 1024);
}

TEST_F(Budget, IsNeverPassedByManyThreads) {
  const RecordedRun run =
      run_recorded(program("threads"), {"--budget", "600KB", "--budget-action", "enomem"});
  expect_exact(run);
  const Summary summary = run.recording.summary();
  EXPECT_LE(summary.peak_bytes, 600U * 1024);
  EXPECT_GT(summary.peak_bytes, 590U * 1024);
  EXPECT_EQ(run.recording.integer("SELECT value FROM recording WHERE key = 'peak_error_bytes'"), 0);
  const auto refused = limits(run.recording).at(0).at("refused_calls").get<std::uint64_t>();
  EXPECT_GT(refused, 0U);
  EXPECT_EQ(static_cast<std::uint64_t>(
                run.recording.integer("SELECT value FROM recording WHERE key = 'failed_calls'")),
            refused);
}

// To the very call, also of a program that was not written for it.
TEST_F(Budget, AllocationsAreCounted) {
  const Command jq = in_directory({"jq", "-n", "[range(100000)] | length"});
  const RecordedRun run =
      run_recorded(jq, {"--budget", "allocations=5000", "--budget-action", "enomem"});
  EXPECT_EQ(run.recording.summary().allocations, 5000U);
  EXPECT_NE(run.finished.exit_status, 0);
  EXPECT_NE(run.finished.err.find("cannot allocate memory"), std::string::npos);
  expect_exact(run);
}

TEST_F(Budget, BytesAreCounted) {
  const RecordedRun run = run_recorded(program("every-way"),
                                       {"--budget", "bytes=2500KiB", "--budget-action", "enomem"});
  EXPECT_EQ(run.finished.out.find("malloc served\ncalloc served\naligned_alloc refused"), 0U)
      << run.finished.out;
}

TEST_F(Budget, AbortEndsTheProgram) {
  const RecordedRun run =
      run_recorded(program("every-way"), {"--budget", kHalfMebibyte, "--budget-action", "abort"});
  EXPECT_EQ(run.finished.exit_status, 128 + 6);
  EXPECT_EQ(run.finished.out, "");
  EXPECT_NE(run.closing_line.find("the program was ended"), std::string::npos) << run.closing_line;
}

TEST_F(Budget, AHandlerOfTheAbortMayAllocateAndRunsOnce) {
  for (const char* mode : {"full", "counts"}) {
    const RecordedRun run =
        run_recorded(program("abort-handler"),
                     {"--budget", kHalfMebibyte, "--budget-action", "abort", "--mode", mode});
    EXPECT_EQ(run.finished.exit_status, 128 + 6) << mode;
    EXPECT_EQ(run.finished.out, "the handler ran\n") << mode;
    EXPECT_EQ(run.recording.integrity(), "ok") << mode;
  }
}

TEST_F(Budget, AnOperatorNewOfTheAllocatorIsNoticed) {
  const std::string jemalloc = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2";
  if (!std::filesystem::exists(jemalloc)) GTEST_SKIP() << "libjemalloc2 is not installed";
  Command command = program("new");
  command.environment["LD_PRELOAD"] = jemalloc;
  const RecordedRun noted = run_recorded(command, {"--budget", kHalfMebibyte});
  EXPECT_EQ(noted.finished.exit_status, 0);
  EXPECT_EQ(limits(noted.recording).at(0).at("exceeded_by_bytes"), 1 << 20);
  const RecordedRun ended =
      run_recorded(command, {"--budget", kHalfMebibyte, "--budget-action", "abort"});
  EXPECT_EQ(ended.finished.exit_status, 128 + 6);
}

TEST_F(Budget, ARefusedSiteWithoutABlockDoesNotDamageTheRecording) {
  const RecordedRun run = run_recorded(program("refused-only"),
                                       {"--budget", kHalfMebibyte, "--budget-action", "enomem"});
  EXPECT_EQ(run.finished.out, "refused\n");
  EXPECT_EQ(run.recording.integrity(), "ok");
  const json limit = limits(run.recording).at(0);
  EXPECT_EQ(limit.at("refused_calls"), 50);
  EXPECT_NE(limit.at("exceeded_in").get<std::string>().find("never_served"), std::string::npos);
  const std::string database = run.recording.path();
  for (const std::vector<std::string>& report : std::vector<std::vector<std::string>>{
           {"summary", database},
           {"check", database, "--baseline", file("baseline.toml"), "--update"},
           {"check", database, "--baseline", file("baseline.toml")},
           {"symbolize", database}}) {
    Command command{.arguments = {heapscribe_command()}};
    command.arguments.insert(command.arguments.end(), report.begin(), report.end());
    const Finished finished = heapscribe::tests::run(command);
    EXPECT_EQ(finished.exit_status, 0) << report.front() << describe(finished);
  }
}

TEST_F(Budget, ASnapshotIsTaken) {
  const RecordedRun run = run_recorded(program("every-way"),
                                       {"--budget", kHalfMebibyte, "--budget-action", "snapshot"});
  EXPECT_EQ(run.recording.integer("SELECT count(*) FROM snapshot WHERE cause = 'budget' AND "
                                  "label = 'budget-peak'"),
            1);
}

TEST_F(Budget, IsKeptOnThePoolAndWithoutStacks) {
  for (const std::vector<std::string>& way :
       {std::vector<std::string>{"--allocator", "pool"}, {"--mode", "counts"}}) {
    std::vector<std::string> options = {"--budget", kHalfMebibyte, "--budget-action", "enomem"};
    options.insert(options.end(), way.begin(), way.end());
    const RecordedRun run = run_recorded(program("every-way"), options);
    EXPECT_EQ(limits(run.recording).at(0).at("refused_calls"), 7) << way.back();
  }
}

TEST_F(Budget, WhatIsNoLimitIsRefused) {
  for (const char* unfit : {"x", "0", "peak=", "things=3", "allocations=1KiB", "peak=1,peak=2",
                            "allocations=-1", "peak=99999999999999999999"}) {
    expect_refusal(heapscribe::tests::run(
        recording_command(program("threads"), file("none.db"), {"--budget", unfit})));
    EXPECT_FALSE(Recording(file("none.db")).exists()) << unfit;
  }
  expect_refusal(heapscribe::tests::run(
      recording_command(program("threads"), file("none.db"), {"--budget-action", "abort"})));
  expect_refusal(heapscribe::tests::run(recording_command(
      program("threads"), file("none.db"), {"--mode", "sample", "--budget", "1MiB"})));
}

}  // namespace
}  // namespace heapscribe::tests
