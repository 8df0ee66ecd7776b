#include "preload/collector/launch.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

namespace heapscribe::collector {
namespace {

namespace fs = std::filesystem;

class Launch : public ::testing::Test {
 protected:
  Launch() {
    std::string pattern = fs::temp_directory_path() / "heapscribe-launch-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~Launch() override { fs::remove_all(folder_); }
  std::string file(const std::string& name) const { return folder_ / name; }
  std::string text(const std::string& name) const {
    std::ifstream stream(file(name));
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::vector<std::string> shell(const std::string& script) const {
    return {"/bin/sh", "-c", "cd " + folder_.string() + "; " + script};
  }

  fs::path folder_;
};

// What changes the process's signals or descriptors is tried in a process of its own.
int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(Launch, TheProgramWaitsForItsStart) {
  WaitingProgram program(shell("echo ran > out"));
  EXPECT_EQ(kill(program.pid(), 0), 0);
  usleep(20000);
  EXPECT_EQ(text("out"), "");
  EXPECT_EQ(program.start({}), 0);
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(text("out"), "ran\n");
}

TEST_F(Launch, AProgramThatIsNotStartedNeverRuns) {
  { const WaitingProgram program(shell("echo ran > out")); }
  EXPECT_EQ(text("out"), "");
}

TEST_F(Launch, AFailedExecIsReported) {
  WaitingProgram program({"/no/such/program"});
  EXPECT_EQ(program.start({}), ENOENT);
}

TEST_F(Launch, TheEnvironmentIsChangedForTheProgramOnly) {
  WaitingProgram program(shell("printf '%s' \"$HEAPSCRIBE_TEST\" > out"));
  EXPECT_EQ(program.start({{"HEAPSCRIBE_TEST", "a b=c"}, {"HEAPSCRIBE_EMPTY", ""}}), 0);
  program.wait();
  EXPECT_EQ(text("out"), "a b=c");
  EXPECT_EQ(getenv("HEAPSCRIBE_TEST"), nullptr);
}

TEST_F(Launch, TheUsersPreloadIsKept) {
  setenv("LD_PRELOAD", "mine.so", 1);
  const Environment both = library_environment({.library = "/lib/h.so"});
  unsetenv("LD_PRELOAD");
  const Environment alone = library_environment({.library = "/lib/h.so"});
  EXPECT_EQ(both[0].second, "/lib/h.so:mine.so");
  EXPECT_EQ(alone[0].second, "/lib/h.so");
}

TEST_F(Launch, ExitStatusAndSignalArePassedOn) {
  WaitingProgram exits(shell("exit 7"));
  exits.start({});
  EXPECT_EQ(WEXITSTATUS(exits.wait()), 7);
  WaitingProgram dies(shell("kill -9 $$"));
  dies.start({});
  EXPECT_EQ(WTERMSIG(dies.wait()), SIGKILL);
}

TEST_F(Launch, TheProgramInheritsNoDescriptorOfOurs) {
  const auto listing = [&](const std::string& name) {
    return shell(
        "ls -l /proc/self/fd | sed 's/.* \\([0-9]* ->\\)/\\1/; s/[0-9]*]$//' | grep -v "
        "'/proc\\|^total' > " +
        name);
  };
  WaitingProgram first(listing("first"));
  first.start({});
  first.wait();
  const FileDescriptor open_now(dup(STDERR_FILENO));
  in_child([&] {
    close_inherited_descriptors();
    WaitingProgram second(listing("second"));
    const Pipe later = make_pipe();
    second.start({});
    second.wait();
    return 0;
  });
  EXPECT_NE(text("first"), "");
  EXPECT_LE(text("second").size(), text("first").size());
}

TEST_F(Launch, AProgramStartedWithoutStandardStreamsStartsWithoutThem) {
  const int result = in_child([&] {
    for (const int number : {0, 1, 2}) close(number);
    occupy_standard_descriptors();
    WaitingProgram program({"/bin/sh", "-c", "test ! -e /proc/self/fd/1 && exit 5"});
    const Pipe later = make_pipe();
    if (later.read_end.get() <= STDERR_FILENO) return 99;
    program.start({});
    return WEXITSTATUS(program.wait());
  });
  EXPECT_EQ(result, 5);
}

TEST_F(Launch, TheProgramKeepsTheSignalsItWasStartedWith) {
  const int result = in_child([&] {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    WaitingProgram program({"/bin/sh", "-c", "grep SigIgn /proc/self/status > " + file("ignored")});
    forward_signals_to(program.pid());
    program.start({});
    return program.wait();
  });
  EXPECT_EQ(result, 0);
  std::string mask = text("ignored");
  ASSERT_GT(mask.size(), 8U);
  EXPECT_EQ(std::stoul(mask.substr(mask.find('\t') + 1), nullptr, 16) & (1UL << (SIGINT - 1)), 0U);
}

TEST_F(Launch, TerminationIsPassedOnAndTheStatusStillComes) {
  const int result = in_child([&] {
    WaitingProgram program(shell("trap 'exit 9' TERM; touch ready; while :; do sleep 0.01; done"));
    forward_signals_to(program.pid());
    program.start({});
    while (!fs::exists(file("ready"))) usleep(1000);
    kill(getpid(), SIGTERM);
    return WEXITSTATUS(program.wait());
  });
  EXPECT_EQ(result, 9);
}

TEST_F(Launch, AnIgnoredChildSignalDoesNotHideTheStatus) {
  const int result = in_child([&] {
    std::signal(SIGCHLD, SIG_IGN);
    WaitingProgram program(shell("exit 6"));
    forward_signals_to(program.pid());
    program.start({});
    return WEXITSTATUS(program.wait());
  });
  EXPECT_EQ(result, 6);
}

}  // namespace
}  // namespace heapscribe::collector
