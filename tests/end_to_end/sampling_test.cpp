// Mode `sample`: programs behave as always, the process totals are exact, and the estimates lie
// where they say they do.
#include <sys/personality.h>

#include <cmath>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

// Builds strings in a hash: reallocations, many sizes, and half a megabyte that stays.
constexpr const char* kPerl =
    "my %h; for (1..200000) { $h{$_ % 5000} .= 'x' x ($_ % 50) } print scalar(keys %h), qq(\\n)";

class Sampling : public EndToEnd {
 protected:
  static void SetUpTestSuite() { personality(ADDR_NO_RANDOMIZE); }

  Command fixed(std::vector<std::string> arguments) const {
    Command command = in_directory(std::move(arguments));
    command.environment = {{"LC_ALL", "C"},
                           {"PERL_HASH_SEED", "0"},
                           {"PERL_PERTURB_KEYS", "0"},
                           {"PYTHONHASHSEED", "0"},
                           {"PYTHONMALLOC", "malloc"}};
    return command;
  }
  Command program(const std::string& name) const { return in_directory({test_program(name)}); }
  RecordedRun sampled(const Command& command, const std::string& mean) const {
    return run_recorded(command, {"--sample", mean});
  }
};

// Every block a sample, and a mixture of samples and others.
class SampledProgram : public Sampling,
                       public ::testing::WithParamInterface<std::tuple<const char*, const char*>> {
};

TEST_P(SampledProgram, BehavesAsWithoutTheLibrary) {
  const auto& [name, mean] = GetParam();
  const Finished plain = run_plain(program(name));
  const RecordedRun run = sampled(program(name), mean);
  expect_same(plain, run);
  EXPECT_EQ(run.recording.integrity(), "ok");
  EXPECT_EQ(run.recording.property("mode"), "sample");
}

INSTANTIATE_TEST_SUITE_P(Own, SampledProgram,
                         ::testing::Combine(::testing::Values("operator_new", "own_operator_new",
                                                              "jumps_and_exceptions", "coroutines",
                                                              "deep_recursion", "small_stacks"),
                                            ::testing::Values("1", "300")));

// The allocator underneath does not know a sample, and the child does not sample any more.
TEST_F(Sampling, AForkedChildMayDoAnythingWithItsParentsBlocks) {
  const Finished plain = run_plain(program("inherited_blocks"));
  EXPECT_EQ(plain.exit_status, 0);
  for (const char* mean : {"1", "300", "512KiB"}) {
    SCOPED_TRACE(mean);
    expect_same(plain, sampled(program("inherited_blocks"), mean));
  }
  for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
           {"--allocator", "pool", "--sample", "1"}, {"--allocator", "pool"}, {}}) {
    expect_same(plain, run_recorded(program("inherited_blocks"), options));
  }
}

TEST_F(Sampling, AServerMaySaveInAForkedChild) {
  if (!is_installed("redis-server") || !is_installed("redis-cli")) {
    GTEST_SKIP() << "redis is not installed";
  }
  // One shell starts the server, fills it, has it save in the background, and stops it.
  const std::string socket = file("redis.sock").string();
  const std::string talk =
      "cli() { redis-cli -s '" + socket +
      "' \"$@\"; }; "
      "for i in $(seq 100); do cli ping >/dev/null 2>&1 && break; sleep 0.1; done; "
      "cli debug populate 2000 key 500 >/dev/null; cli bgsave >/dev/null; "
      "for i in $(seq 100); do cli info persistence | grep -q rdb_bgsave_in_progress:0 && break; "
      "sleep 0.1; done; "
      "cli info persistence | grep -o 'rdb_last_bgsave_status:[a-z]*'; cli shutdown nosave; exit 0";
  Command server =
      in_directory({"redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir",
                    directory().string(), "--daemonize", "no", "--enable-debug-command", "yes"});
  Command recorded = recording_command(server, file("redis.db"), {"--sample", "1"});
  std::string line;
  for (const std::string& argument : recorded.arguments) line += "'" + argument + "' ";
  const Finished finished =
      tests::run(in_directory({"bash", "-c", line + " >server.log 2>&1 & " + talk}));
  EXPECT_NE(finished.out.find("rdb_last_bgsave_status:ok"), std::string::npos)
      << describe(finished);
}

TEST_F(Sampling, RealProgramsBehaveAsWithoutTheLibrary) {
  const std::vector<std::vector<std::string>> programs = {
      {"perl", "-e", kPerl},
      {"sqlite3", ":memory:",
       "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t WHERE x < 20000)"
       " SELECT count(*), sum(length(hex(x))) FROM (SELECT DISTINCT x FROM t ORDER BY -x)"},
      {"/usr/bin/python3", "-c", "print(sum(len(str(x)) for x in list(range(100000))))"},
      {"bash", "-c", "for i in {1..2000}; do x=\"$x$i\"; done; echo ${#x}"},
  };
  for (const auto& arguments : programs) {
    if (!is_installed(arguments.front())) continue;
    SCOPED_TRACE(arguments.front());
    for (const char* mean : {"1", "1KiB", "512KiB"}) {
      expect_same(run_plain(fixed(arguments)), sampled(fixed(arguments), mean));
    }
  }
}

TEST_F(Sampling, ProcessTotalsAreExactAndSitesAreEstimates) {
  if (!is_installed("perl")) GTEST_SKIP() << "perl is not installed";
  const Summary truth = run_recorded(fixed({"perl", "-e", kPerl})).recording.summary();
  const RecordedRun run = sampled(fixed({"perl", "-e", kPerl}), "16KiB");
  const Summary found = run.recording.summary();
  // The library's own variables take part of perl's environment until they are removed.
  EXPECT_NEAR(static_cast<double>(found.allocations), static_cast<double>(truth.allocations), 4);
  EXPECT_NEAR(static_cast<double>(found.frees), static_cast<double>(truth.frees), 4);
  EXPECT_NEAR(static_cast<double>(found.allocated_bytes),
              static_cast<double>(truth.allocated_bytes), 1000);
  EXPECT_EQ(found.live_blocks, static_cast<std::int64_t>(found.allocations - found.frees));
  const auto within = [&](const std::string& value, const std::string& variance, double expected) {
    const auto estimate =
        static_cast<double>(run.recording.integer("SELECT sum(" + value + ") FROM site"));
    const auto squared =
        static_cast<double>(run.recording.integer("SELECT sum(" + variance + ") FROM site"));
    EXPECT_GT(squared, 0) << value;
    EXPECT_NEAR(estimate, expected, 5 * std::sqrt(squared)) << value;
  };
  within("allocations", "allocations_variance", static_cast<double>(truth.allocations));
  within("bytes", "bytes_variance", static_cast<double>(truth.allocated_bytes));
  within("live_bytes", "live_bytes_variance", static_cast<double>(truth.live_bytes));
  EXPECT_EQ(run.recording.property("sample_mean_bytes"), "16384");
}

// All but some blocks of a few bytes, which stand for one another.
TEST_F(Sampling, AMeanOfOneByteRecordsNearlyEverything) {
  constexpr const char* kSum = "SELECT sum(allocations) FROM site WHERE kind LIKE 'new%'";
  const auto found = sampled(program("operator_new"), "1").recording.integer(kSum);
  const auto truth = run_recorded(program("operator_new")).recording.integer(kSum);
  EXPECT_GT(truth, 0);
  EXPECT_NEAR(static_cast<double>(found), static_cast<double>(truth), 15);
}

// The call in which the library begins is one of many.
TEST_F(Sampling, TheFirstAllocationIsNoSampleByItself) {
  const RecordedRun run = sampled(in_directory({sample_program("leaky_cache")}), "1GiB");
  EXPECT_EQ(run.recording.integer("SELECT coalesce(sum(allocations), 0) FROM site"), 0);
  EXPECT_EQ(run.recording.summary().allocations, 2002U);
}

TEST_F(Sampling, TheClosingLineSaysWhatIsEstimated) {
  const Command command = in_directory({sample_program("leaky_cache")});
  const RecordedRun some = sampled(command, "4KiB");
  EXPECT_NE(some.closing_line.find("peak about "), std::string::npos) << some.closing_line;
  EXPECT_NE(some.closing_line.find("1,002 blocks never freed with about "), std::string::npos)
      << some.closing_line;
  EXPECT_NE(some.closing_line.find(" ± "), std::string::npos) << some.closing_line;
  EXPECT_NE(some.closing_line.find("estimated from samples"), std::string::npos);
  const RecordedRun none = sampled(command, "1GiB");
  EXPECT_EQ(none.closing_line.find("0 B in"), std::string::npos) << none.closing_line;
  EXPECT_NE(none.closing_line.find("1,002 blocks never freed, "), std::string::npos)
      << none.closing_line;
}

// The samples lie in our pool, whose rounding says nothing about the program's allocator.
TEST_F(Sampling, RoundingIsNotKnown) {
  const RecordedRun run = sampled(in_directory({sample_program("leaky_cache")}), "1KiB");
  for (const char* report : {"summary", "sizes", "hotspots"}) {
    const std::string text = run.recording.json_text(report);
    const bool unknown = text.find("\"usable_bytes\": null") != std::string::npos ||
                         text.find("\"usable_bytes\":null") != std::string::npos;
    EXPECT_TRUE(unknown) << text;
  }
  const Finished sizes =
      tests::run({.arguments = {heapscribe_command(), "sizes", run.recording.path()}});
  EXPECT_NE(sizes.out.find("What is lost to rounding is not known."), std::string::npos)
      << sizes.out;
}

TEST_F(Sampling, ADistanceForAnotherModeIsRefused) {
  const Finished finished = run(
      recording_command(program("hello"), file("x.db"), {"--sample", "1KiB", "--mode", "full"}));
  expect_refusal(finished);
  EXPECT_NE(finished.err.find("--sample is for --mode sample"), std::string::npos);
}

TEST_F(Sampling, AnUnknownDistanceIsRefused) {
  for (const char* mean : {"0", "fish", "-3"}) {
    SCOPED_TRACE(mean);
    expect_refusal(run(recording_command(program("hello"), file("x.db"), {"--sample", mean})));
    EXPECT_FALSE(std::filesystem::exists(file("x.db")));
  }
}

}  // namespace
}  // namespace heapscribe::tests
