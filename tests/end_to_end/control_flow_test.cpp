// Signals, jumps, exceptions, coroutines, deep recursion, unloaded code: where stacks are not what
// they seem.
#include <algorithm>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

using ControlFlow = EndToEnd;

// The program brings an allocator that is legal in a handler, so the recorder may be interrupted
// anywhere. Events that could not be recorded are told.
TEST_F(ControlFlow, AHandlerThatAllocatesNeitherBlocksNorDisturbsTheCounts) {
  const Command command = in_directory({test_program("allocating_handler"), file("in handler")});
  const Finished plain = run_plain(command);
  const Finished recorded = run(recording_command(command, file("recording.db")));
  EXPECT_EQ(recorded.exit_status, plain.exit_status) << describe(recorded);
  EXPECT_EQ(recorded.out, plain.out);
  const Recording recording(file("recording.db"));
  const std::uint64_t in_handler = std::stoull(read_text(file("in handler")));
  const Summary summary = recording.summary();
  const std::uint64_t lost = summary.losses.at("nested_events");
  ASSERT_GT(in_handler, 0U);
  EXPECT_GE(recording.total_of("allocate_in_main").allocations, 2000000U);
  // A nested allocation and its release may both be lost.
  EXPECT_GE(summary.allocations + lost, 2000000U + in_handler);
  EXPECT_LE(summary.allocations, 2000000U + in_handler + 100U);
}

TEST_F(ControlFlow, AHandlerThatJumpsOutOfTheRecorderDoesNotSilenceIt) {
  const Command command = in_directory({test_program("jumping_handler")});
  const Finished plain = run_plain(command);
  const Finished recorded = run(recording_command(command, file("recording.db")));
  EXPECT_EQ(recorded.exit_status, plain.exit_status) << describe(recorded);
  EXPECT_EQ(recorded.out, plain.out);
  const Row afterwards = Recording(file("recording.db")).total_of("allocate_afterwards");
  EXPECT_EQ(afterwards.allocations, 1000U);
  EXPECT_EQ(afterwards.live_bytes, 7777 * 1000);
}

TEST_F(ControlFlow, ExceptionsAndLongjmpThroughFramesAreRecordedExactly) {
  const auto run = expect_same_and_exact(in_directory({test_program("jumps_and_exceptions")}));
  EXPECT_EQ(run.finished.out, "10000 caught, 10000 landed\n");
  const Summary summary = run.recording.summary();
  EXPECT_EQ(summary.losses.at("truncated_stacks"), 0U);
}

TEST_F(ControlFlow, ThirtyThousandCallsDeepMainIsStillThere) {
  const auto run = expect_same_and_exact(in_directory({test_program("deep_recursion")}));
  std::size_t deepest = 0;
  for (const Row& row : run.recording.rows("hotspots", {"--limit", "0"})) {
    if (!row.calls("allocate_at_depth")) continue;
    EXPECT_TRUE(row.calls("main"));
    EXPECT_TRUE(row.calls("_start"));
    deepest = std::max(deepest, row.stack.size());
  }
  EXPECT_GE(deepest, 30000U);
}

TEST_F(ControlFlow, CoroutineStacksComeAndGo) {
  const auto run = expect_same_and_exact(in_directory({test_program("coroutines")}));
  const Row inside = run.recording.total_of("allocate_in_coroutine");
  EXPECT_EQ(inside.allocations, 2U * 200 * 23);
  EXPECT_EQ(run.recording.total_of("coroutine_body").allocations, inside.allocations);
  EXPECT_EQ(run.recording.total_of("allocate_in_main").allocations, 200U * 12);
}

class Plugins : public EndToEnd {
 protected:
  Command load_plugins() const {
    return in_directory({test_program("load_plugins"), test_program("libplugin_a.so"),
                         test_program("libplugin_b.so"), file("same place")});
  }
  static void expect_function_in_module(const Recording& recording, const std::string& function,
                                        const std::string& module, std::uint64_t allocations,
                                        std::uint64_t size) {
    const Row row = recording.total_of(function);
    EXPECT_EQ(row.allocations, allocations) << function;
    EXPECT_EQ(row.bytes, allocations * size) << function;
    ASSERT_FALSE(row.stack.empty()) << function;
    EXPECT_EQ(row.stack.front().function, function);
    EXPECT_EQ(std::filesystem::path(row.stack.front().module).filename(), module);
  }
};

TEST_F(Plugins, KeepTheirNamesAfterTheyAreUnloaded) {
  const auto run = expect_same_and_exact(load_plugins());
  const Recording& recording = run.recording;
  expect_function_in_module(recording, "allocate_in_plugin_a", "libplugin_a.so", 200, 1111);
  expect_function_in_module(recording, "allocate_in_plugin_b", "libplugin_b.so", 400, 2222);
}

TEST_F(Plugins, AtTheSameAddressAreToldApart) {
  const auto run = run_recorded(load_plugins());
  if (std::stoi(read_text(file("same place"))) == 0) {
    GTEST_SKIP() << "the loader chose different places";
  }
  const Recording& recording = run.recording;
  expect_function_in_module(recording, "allocate_in_plugin_a", "libplugin_a.so", 200, 1111);
  expect_function_in_module(recording, "allocate_in_plugin_b", "libplugin_b.so", 400, 2222);
}

TEST_F(Plugins, TheirConstructorsAreRecorded) {
  const auto run = run_recorded(load_plugins());
  EXPECT_EQ(run.recording.total_of("construct_plugin_a").allocations, 20U);
  EXPECT_EQ(run.recording.total_of("construct_plugin_b").allocations, 20U);
}

}  // namespace
}  // namespace heapscribe::tests
