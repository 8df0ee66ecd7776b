// `run --allocator`: programs do the same on every allocator, and are counted the same.
#include <regex>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

#define SKIP_WITHOUT(program) \
  if (!is_installed(program)) GTEST_SKIP() << (program) << " is not installed"

constexpr const char* kJemalloc = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2";

class Allocators : public EndToEnd {
 protected:
  Command fixed(std::vector<std::string> arguments) const {
    Command command = in_directory(std::move(arguments));
    command.environment = {{"LC_ALL", "C"},
                           {"PYTHONHASHSEED", "0"},
                           {"PYTHONMALLOC", "malloc"},
                           {"PERL_HASH_SEED", "0"},
                           {"PERL_PERTURB_KEYS", "0"}};
    return command;
  }

  // Only how large blocks turn out is the allocator's own affair.
  static Finished without_usable_sizes(Finished finished) {
    static const std::regex sizes("usable [0-9]+|all [0-9]+ usable");
    finished.out = std::regex_replace(finished.out, sizes, "");
    return finished;
  }

  RecordedRun expect_same_output_on_pool(const Command& command) const {
    const Finished plain = without_usable_sizes(run_plain(command));
    RecordedRun pool = run_recorded(command, {"--allocator", "pool"});
    pool.finished = without_usable_sizes(pool.finished);
    expect_same(plain, pool);
    EXPECT_EQ(pool.recording.property("allocator"), "pool");
    return pool;
  }

  // For a program that repeats itself: what reaches the recorder is the same, whoever serves it.
  Recording expect_same_on_pool(const Command& command) const {
    const Summary before = run_recorded(command).recording.summary();
    Recording recording = expect_same_output_on_pool(command).recording;
    const Summary after = recording.summary();
    EXPECT_EQ(after.allocations, before.allocations);
    EXPECT_EQ(after.frees, before.frees);
    EXPECT_EQ(after.allocated_bytes, before.allocated_bytes);
    EXPECT_EQ(after.reallocations, before.reallocations);
    EXPECT_EQ(after.live_blocks, before.live_blocks);
    return recording;
  }

  static std::int64_t served(const Recording& recording) {
    return recording.integer("SELECT sum(allocations) FROM pool_class");
  }
};

// The kernel unmaps the place that pages should move to before it finds that they cannot.
TEST_F(Allocators, ABlockGrowsOnThePoolWhereItsPagesCannotBeMoved) {
  for (const char* how : {"", "limit", "advice"}) {
    SCOPED_TRACE(how);
    const Command command = in_directory({test_program("lowered_limits"), how});
    expect_same(run_plain(command), run_recorded(command, {"--allocator", "pool"}));
  }
}

TEST_F(Allocators, PerlOnThePool) {
  SKIP_WITHOUT("perl");
  const Recording recording = expect_same_on_pool(fixed(
      {"perl", "-e", "my %h; $h{$_} = \"x$_\" for 1..30000; print scalar(keys %h), \"\\n\""}));
  EXPECT_GT(served(recording), 60'000);
  EXPECT_GT(recording.integer("SELECT sum(allocations) FROM pool_time"), 0);
  EXPECT_LT(recording.integer("SELECT sum(refills) * 10 FROM pool_class"), served(recording));
}

// Hashed addresses and process ids decide what it allocates.
TEST_F(Allocators, PythonOnThePool) {
  if (!std::filesystem::exists("/usr/bin/python3")) GTEST_SKIP() << "python3 is not installed";
  const RecordedRun run = expect_same_output_on_pool(
      fixed({"/usr/bin/python3", "-c",
             "import json; print(len(json.dumps([{'a': i} for i in range(9000)])))"}));
  EXPECT_GT(served(run.recording), 20'000);
}

TEST_F(Allocators, EveryEntryPointOnThePool) {
  expect_same_on_pool(in_directory({test_program("entry_points")}));
}

TEST_F(Allocators, OperatorNewOnThePool) {
  expect_same_on_pool(in_directory({test_program("operator_new")}));
}

TEST_F(Allocators, AForkedChildOnThePool) {
  expect_same_on_pool(in_directory({test_program("fork_allocating_child")}));
}

TEST_F(Allocators, TheReportTellsHowThePoolServedTheProgram) {
  const RecordedRun run =
      run_recorded(in_directory({test_program("call_chain")}), {"--allocator", "pool"});
  const std::string text = run.recording.json_text("pools");
  EXPECT_NE(text.find("\"used\": true"), std::string::npos) << text;
  EXPECT_NE(text.find("\"list_hit_share\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"verdict\""), std::string::npos) << text;
}

TEST_F(Allocators, TheReportSaysSoWhenThePoolWasNotUsed) {
  const RecordedRun run = run_recorded(in_directory({test_program("hello")}));
  EXPECT_EQ(run.recording.property("allocator"), "system");
  EXPECT_NE(run.recording.json_text("pools").find("\"used\": false"), std::string::npos);
}

TEST_F(Allocators, ALibraryServesTheProgramAndStaysUnseen) {
  if (!std::filesystem::exists(kJemalloc)) GTEST_SKIP() << kJemalloc << " is not installed";
  const Command command = in_directory({test_program("show_environment")});
  const RecordedRun run = run_recorded(command, {"--allocator", kJemalloc});
  EXPECT_EQ(run.finished.out.find("jemalloc"), std::string::npos) << run.finished.out;
  EXPECT_EQ(run.recording.integer("SELECT count(*) FROM module WHERE path LIKE '%jemalloc%'"), 1);
  EXPECT_NE(run.recording.property("allocator").find("jemalloc"), std::string::npos);
}

// tcmalloc allocates when it is asked for a block's size.
TEST_F(Allocators, EveryLibraryServesAProgramThatDoesTheSame) {
  for (const char* name : {"libtcmalloc_minimal.so.4", "libtcmalloc.so.4", "libjemalloc.so.2"}) {
    const std::string library = std::string("/usr/lib/x86_64-linux-gnu/") + name;
    if (!std::filesystem::exists(library)) continue;
    SCOPED_TRACE(name);
    for (const char* program : {"hello", "call_chain", "many_paths"}) {
      SCOPED_TRACE(program);
      const Command command = in_directory({test_program(program)});
      const RecordedRun run = run_recorded(command, {"--allocator", library});
      expect_same(run_plain(command), run);
      EXPECT_GT(run.recording.summary().allocations, 0U);
    }
  }
}

TEST_F(Allocators, WhatIsNoAllocatorIsRefusedWithItsName) {
  for (const std::string name : {"/no/such/lib.so", "/etc/passwd", "/", "tcmalloc", "/bin/true"}) {
    Command command =
        recording_command(in_directory({"true"}), file("x.db"), {"--allocator", name});
    const Finished finished = run(command);
    expect_refusal(finished);
    EXPECT_NE(finished.err.find(name), std::string::npos) << finished.err;
  }
}

}  // namespace
}  // namespace heapscribe::tests
