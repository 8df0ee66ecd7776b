// Programs that make other programs: fork, vfork, exec, spawn. The parent's numbers stay its own,
// and nobody waits for a lock for ever.
#include <algorithm>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

using Children = EndToEnd;

TEST_F(Children, TwoThousandForksBesideEightAllocatingThreadsAllLeave) {
  const auto run = expect_same_and_exact(in_directory({test_program("fork_busy")}));
  EXPECT_EQ(run.finished.out, "2000 of 2000 children left as they should\n");
}

TEST_F(Children, WhatAForkedChildAllocatesIsNotTheParents) {
  const auto run = expect_same_and_exact(in_directory({test_program("fork_allocating_child")}));
  const Summary summary = run.recording.summary();
  EXPECT_GE(summary.allocations, 2000U);
  EXPECT_LT(summary.allocations, 2100U);  // stdio and the loader; not the child's 40,000
}

TEST_F(Children, AnAllocatingChildIsReportedAsUnrecorded) {
  const auto run = run_recorded(in_directory({test_program("fork_allocating_child")}));
  EXPECT_EQ(run.recording.property("unrecorded_children"), "1");
  const Finished summary =
      tests::run({.arguments = {heapscribe_command(), "summary", run.recording.path()}});
  EXPECT_NE(summary.out.find("child"), std::string::npos) << describe(summary);
}

TEST_F(Children, AVforkedChildThatAllocatesAndExecsLeavesTheParentRecording) {
  const auto run = expect_same_and_exact(in_directory({test_program("vfork_exec")}));
  EXPECT_EQ(run.finished.out, "200 of 200 children left as they should\n");
  EXPECT_EQ(run.recording.property("end_kind"), "exited");
}

TEST_F(Children, SpawnSystemAndPopenWorkAsWithoutTheLibrary) {
  const auto run = expect_same_and_exact(in_directory({test_program("spawn_family")}));
  EXPECT_EQ(run.recording.property("end_kind"), "exited");
}

class EveryExec : public EndToEnd, public ::testing::WithParamInterface<std::string> {};

TEST_P(EveryExec, ArrivesWithItsArgumentsAndThePartBeforeItIsRecorded) {
  const Command command =
      in_directory({test_program("exec_variants"), GetParam(), test_program("exec_landing")});
  const auto run = expect_same_and_exact(command);
  EXPECT_NE(run.finished.out.find("arrived with"), std::string::npos) << describe(run.finished);
  EXPECT_EQ(run.recording.property("end_kind"), "execed");
  EXPECT_GE(run.recording.summary().allocations, 100U);
}

INSTANTIATE_TEST_SUITE_P(Exec, EveryExec,
                         ::testing::Values("execl", "execl-many", "execle", "execlp", "execv",
                                           "execve", "execvp", "execvpe", "fexecve", "execveat"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_F(Children, TheNewProgramAfterAnExecIsNamed) {
  const auto run = run_recorded(
      in_directory({test_program("exec_variants"), "execv", test_program("exec_landing")}));
  EXPECT_EQ(run.recording.property("exec_path"), test_program("exec_landing").string());
}

TEST_F(Children, TheNewProgramIsNamedIfTheKernelWasCalledPastTheLibrary) {
  const auto run = run_recorded(
      in_directory({test_program("exec_variants"), "raw", test_program("exec_landing")}));
  EXPECT_NE(run.finished.out.find("arrived with"), std::string::npos) << describe(run.finished);
  if (run.recording.property("end_kind") != "execed") return;  // it had ended before we looked
  EXPECT_EQ(run.recording.property("exec_path"), test_program("exec_landing").string());
}

TEST_F(Children, AFailedExecLeavesTheRecordingRunning) {
  const auto run = expect_same_and_exact(
      in_directory({test_program("exec_variants"), "failed", test_program("exec_landing")}));
  EXPECT_NE(run.finished.out.find("still here"), std::string::npos);
  EXPECT_EQ(run.recording.property("end_kind"), "exited");
  EXPECT_EQ(run.recording.property("end_status"), "3");
  EXPECT_GE(run.recording.summary().allocations, 200U);
}

TEST_F(Children, TheProgramGetsItsArgumentsByteForByte) {
  const std::vector<std::string> arguments = {"",
                                              "[a,b]",
                                              "[",
                                              "--",
                                              "-o",
                                              "--help",
                                              "-h",
                                              "--format=json",
                                              "a=b",
                                              "a,b,c",
                                              "'q'",
                                              "\"q\"",
                                              "{x}",
                                              "%d %s",
                                              "$HOME",
                                              " two  blanks ",
                                              "line\nbreak",
                                              ""};
  Command command = in_directory({test_program("show_arguments")});
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  const Finished plain = run_plain(command);
  ASSERT_EQ(plain.exit_status, static_cast<int>(arguments.size()));
  expect_same(plain, run_recorded(command));
}

TEST_F(Children, AProgramWithoutTheDoubleDashGetsItsArgumentsToo) {
  const Finished recorded =
      run(in_directory({heapscribe_command(), "run", "-o", file("recording.db"),
                        test_program("show_arguments"), "-o", "--mode", "[x,y]"}));
  EXPECT_EQ(recorded.out, "<-o>\n<--mode>\n<[x,y]>\n") << describe(recorded);
}

TEST_F(Children, TheProgramSeesItsEnvironmentAsIfItWereStartedWithoutTheLibrary) {
  const Command command = in_directory({test_program("show_environment")});
  const Finished plain = run_plain(command);
  const Finished recorded = run(recording_command(command, file("recording.db")));
  EXPECT_EQ(recorded.out, plain.out);
  EXPECT_NE(recorded.out.find("child: LD_PRELOAD (unset)"), std::string::npos);
}

TEST_F(Children, TheUsersOwnPreloadStaysForTheProgramAndItsChildren) {
  Command command = in_directory({test_program("show_environment")});
  command.environment["LD_PRELOAD"] = counting_library();
  const Finished plain = run_plain(command);
  const Finished recorded = run(recording_command(command, file("recording.db")));
  EXPECT_EQ(recorded.out, plain.out);
  EXPECT_NE(recorded.out.find("child: LD_PRELOAD " + counting_library().string()),
            std::string::npos);
}

}  // namespace
}  // namespace heapscribe::tests
