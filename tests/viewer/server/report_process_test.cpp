// The shell stands in for a report.
#include "viewer/server/report_process.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <thread>

namespace heapscribe::viewer {
namespace {

using std::chrono::milliseconds;

Finished run_shell(const std::string& script, const ProcessLimits& limits = {},
                   const Interruptions& interruptions = {}) {
  return run_process("/bin/sh", {"sh", "-c", script}, limits, interruptions);
}

void expect_no_child() {
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

class ReportProcess : public testing::Test {
 protected:
  void TearDown() override { expect_no_child(); }
};

TEST_F(ReportProcess, GivesOutputErrorsAndStatus) {
  const Finished finished = run_shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(finished.ending, Ending::Exited);
  EXPECT_EQ(finished.status, 3);
  EXPECT_EQ(finished.output, "out\n");
  EXPECT_EQ(finished.errors, "err\n");
}

TEST_F(ReportProcess, HasNoInput) {
  EXPECT_EQ(run_shell("wc -c").output, "0\n");
}

TEST_F(ReportProcess, WordsReachItAsTheyAre) {
  const Finished finished = run_process(
      "/bin/sh", {"sh", "-c", "printf '%s|' \"$@\"", "sh", "a b", "$(id)", "'\"\n*", ""}, {}, {});
  EXPECT_EQ(finished.output, "a b|$(id)|'\"\n*||");
}

TEST_F(ReportProcess, TakesMuchOutput) {
  EXPECT_EQ(run_shell("head -c 20000000 /dev/zero").output.size(), 20'000'000U);
}

TEST_F(ReportProcess, TooMuchOutputEndsIt) {
  const Finished finished = run_shell("yes", {.output = 100'000});
  EXPECT_EQ(finished.ending, Ending::TooLarge);
  EXPECT_EQ(finished.output.size(), 100'000U);
}

TEST_F(ReportProcess, TooManyErrorsAreCutAndDoNotStopIt) {
  const Finished finished = run_shell("head -c 1000000 /dev/zero >&2; echo done", {.errors = 1000});
  EXPECT_EQ(finished.ending, Ending::Exited);
  EXPECT_EQ(finished.errors.size(), 1000U);
  EXPECT_EQ(finished.output, "done\n");
}

TEST_F(ReportProcess, MemoryAndTimeAreBoundedWhoeverIsLeftToWatch) {
  EXPECT_EQ(run_shell("sleep 0.3; ulimit -v; ulimit -t").output, "4194304\n60\n");
}

TEST_F(ReportProcess, ASlowOneIsEnded) {
  EXPECT_EQ(run_shell("exec sleep 1000", {.time = milliseconds(50)}).ending, Ending::TooSlow);
}

TEST_F(ReportProcess, ASlowOneWithoutStreamsIsEndedToo) {
  const Finished finished =
      run_shell("exec sleep 1000 >/dev/null 2>&1", {.time = milliseconds(50)});
  EXPECT_EQ(finished.ending, Ending::TooSlow);
}

TEST_F(ReportProcess, AnInterruptionEndsIt) {
  const collector::FileDescriptor stop(eventfd(1, EFD_CLOEXEC));
  EXPECT_EQ(run_shell("exec sleep 1000", {}, {{stop.get(), POLLIN}}).ending, Ending::Interrupted);
}

TEST_F(ReportProcess, ACrashIsToldFromAnExit) {
  const Finished finished = run_shell("kill -SEGV $$");
  EXPECT_EQ(finished.ending, Ending::Crashed);
  EXPECT_EQ(finished.status, SIGSEGV);
}

TEST_F(ReportProcess, AMissingProgramIsAnError) {
  EXPECT_THROW(run_process("/no/such/program", {"x"}, {}, {}), std::system_error);
}

TEST_F(ReportProcess, BlockedSignalsAreNotInherited) {
  sigset_t end;
  sigset_t before;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, &before);
  EXPECT_EQ(run_shell("kill -TERM $$; sleep 1000").ending, Ending::Crashed);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(ProcessSlots, AreNoMoreThanThereAre) {
  const ProcessSlots slots(2);
  const auto first = slots.take(milliseconds(0), {});
  {
    const auto second = slots.take(milliseconds(1000), {});
    EXPECT_TRUE(first);
    EXPECT_TRUE(second);
    EXPECT_FALSE(slots.take(milliseconds(5), {}));
  }
  EXPECT_TRUE(slots.take(milliseconds(1000), {}));
}

TEST(ProcessSlots, AreHandedToWhoWaits) {
  const ProcessSlots slots(1);
  bool got = false;
  std::jthread waiting;
  {
    const auto first = slots.take(milliseconds(1000), {});
    waiting = std::jthread([&] { got = bool(slots.take(std::chrono::minutes(1), {})); });
  }
  waiting.join();
  EXPECT_TRUE(got);
}

TEST(ProcessSlots, NobodyWaitsBeyondAnInterruption) {
  const ProcessSlots slots(0);
  const collector::FileDescriptor stop(eventfd(1, EFD_CLOEXEC));
  EXPECT_FALSE(slots.take(std::chrono::hours(1), {{stop.get(), POLLIN}}));
}

}  // namespace
}  // namespace heapscribe::viewer
