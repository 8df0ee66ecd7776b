// Every entry point does what it does without the library, whatever its arguments.
#include <map>
#include <sstream>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

using Calls = EndToEnd;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) result.push_back(line);
  return result;
}

TEST_F(Calls, EveryCFunctionAnswersItsCornerCasesAsWithoutTheLibrary) {
  const Command command = in_directory({test_program("entry_points")});
  const auto plain = lines_of(run_plain(command).out);
  const auto run = run_recorded(command);
  const auto recorded = lines_of(run.finished.out);
  ASSERT_EQ(recorded.size(), plain.size()) << describe(run.finished);
  ASSERT_GT(plain.size(), 120U);
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(recorded[i], plain[i]);
}

TEST_F(Calls, EveryCFunctionIsCountedExactly) {
  expect_same_and_exact(in_directory({test_program("entry_points")}));
}

TEST_F(Calls, EveryOperatorNewAndDeleteWorksAsWithoutTheLibrary) {
  const Command command = in_directory({test_program("operator_new")});
  const auto plain = lines_of(run_plain(command).out);
  const auto run = run_recorded(command);
  const auto recorded = lines_of(run.finished.out);
  ASSERT_EQ(recorded.size(), plain.size()) << describe(run.finished);
  ASSERT_GT(plain.size(), 35U);
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(recorded[i], plain[i]);
}

TEST_F(Calls, EveryOperatorNewAndDeleteIsCountedExactly) {
  expect_same_and_exact(in_directory({test_program("operator_new")}));
}

// operator new[] calls operator new, sized delete calls plain delete: each is one event of its own
// form.
TEST_F(Calls, OperatorNewIsCountedByItsOutermostFormAndEveryDeleteFindsItsBlock) {
  const auto run = run_recorded(in_directory({test_program("operator_new")}));
  EXPECT_EQ(run.recording.property("unknown_frees"), "0");
  std::map<std::string, std::uint64_t> by_kind;
  for (const Row& row : run.recording.rows("hotspots")) by_kind[row.kind] += row.allocations;
  EXPECT_GT(by_kind["new"], 0U);
  EXPECT_GT(by_kind["new[]"], 0U);
  EXPECT_GT(by_kind["new-aligned"], 0U);
}

TEST_F(Calls, FailedCallsAreCountedAsFailed) {
  const auto run = run_recorded(in_directory({test_program("entry_points")}));
  const auto truth = counts_of(run);
  ASSERT_TRUE(truth);
  EXPECT_GT(truth->failed, 0U);
  EXPECT_GE(std::stoull(run.recording.property("failed_calls")), truth->failed);
}

TEST_F(Calls, AProgramsOwnOperatorNewStaysInUse) {
  const auto run = expect_same_and_exact(in_directory({test_program("own_operator_new")}));
  EXPECT_EQ(run.finished.out, "1011 news, 1011 deletes of its own\n");
  EXPECT_EQ(run.recording.total_of("operator new(unsigned long)").allocations, 1011U);
}

TEST_F(Calls, OperatorNewWorksWhenLibstdcxxArrivesByDlopen) {
  const auto run = expect_same_and_exact(
      in_directory({test_program("load_cpp_plugin"), test_program("libcpp_plugin.so")}));
  EXPECT_EQ(run.finished.exit_status, 0);
}

TEST_F(Calls, AnotherAllocatorUnderneathStaysInUse) {
  const std::string jemalloc = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2";
  if (!std::filesystem::exists(jemalloc)) GTEST_SKIP() << "libjemalloc2 is not installed";
  Command command = in_directory({test_program("many_paths"), "12"});
  command.environment["LD_PRELOAD"] = jemalloc;
  const RecordedRun run = expect_same_and_exact(command);
  // jemalloc has a class for 32 bytes; glibc would round up to 40.
  EXPECT_EQ(run.recording.integer("SELECT usable_bytes FROM site WHERE max_size = 32"), 32);
}

TEST_F(Calls, CountsModeCountsTheSame) {
  const Command command = in_directory({test_program("entry_points")});
  const auto run = run_recorded(command, {"--mode", "counts"});
  expect_same(run_plain(command), run);
  expect_exact(run);
}

}  // namespace
}  // namespace heapscribe::tests
