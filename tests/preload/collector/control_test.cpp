// Both sides of wire/requests.h, and the signal.
#include "preload/collector/control.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "preload/collector/memory_limits.h"
#include "preload/collector/request_desk.h"
#include "preload/collector/session_file.h"
#include "preload/collector/snapshot_signal.h"

namespace heapscribe::collector {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class ControlTest : public ::testing::Test {
 protected:
  ControlTest() {
    std::string pattern = fs::temp_directory_path() / "heapscribe-control-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~ControlTest() override { fs::remove_all(folder_); }

  SessionFile new_session() const {
    SessionFile session = SessionFile::create(path(), wire::Mode::Full);
    session.header().pid = 4711;
    return session;
  }
  std::string path() const { return folder_ / "heapscribe-1.session"; }

  // Answers the first wish with `number`, and tells its label.
  static std::jthread answering(SessionFile& session, std::uint32_t number, std::string& label) {
    return std::jthread([&session, number, &label](const std::stop_token& stop) {
      RequestDesk desk(session.header());
      while (!stop.stop_requested()) {
        for (const Wish& wish : desk.wishes()) {
          label = wish.label;
          desk.answer(wish, number);
        }
        std::this_thread::sleep_for(milliseconds(1));
      }
    });
  }

  fs::path folder_;
};

constexpr std::chrono::seconds kLong{60};

TEST_F(ControlTest, ASnapshotIsAskedForAndAnswered) {
  SessionFile session = new_session();
  std::string label;
  const std::jthread collector = answering(session, 42, label);
  Control control(find_session(folder_, 4711));
  EXPECT_EQ(control.target(), 4711);
  EXPECT_EQ(control.snapshot("after the start", kLong), 42U);
  EXPECT_EQ(label, "after the start");
  for (const wire::Request& request : session.header().requests) {
    EXPECT_EQ(request.state.load(), wire::RequestState::Free);
  }
}

TEST_F(ControlTest, ManyMayAskAtOnce) {
  SessionFile session = new_session();
  std::string label;
  const std::jthread collector = answering(session, 7, label);
  std::atomic<int> answered{0};
  {
    std::vector<std::jthread> askers;
    for (std::size_t count = 0; count < 3 * wire::kRequests; ++count) {
      askers.emplace_back([&] {
        Control control(path());
        if (control.snapshot("", kLong) == 7) ++answered;
      });
    }
  }
  EXPECT_EQ(answered, 3 * wire::kRequests);
}

TEST_F(ControlTest, ARefusalIsOneSentence) {
  SessionFile session = new_session();
  std::string label;
  const std::jthread collector = answering(session, 0, label);
  Control control(path());
  EXPECT_THROW(control.snapshot("", kLong), ControlError);
}

TEST_F(ControlTest, AnAnswerThatDoesNotComeIsNotWaitedForForever) {
  SessionFile session = new_session();
  Control control(path());
  EXPECT_THROW(control.snapshot("", milliseconds(20)), ControlError);
  EXPECT_TRUE(RequestDesk(session.header()).wishes().empty());
}

TEST_F(ControlTest, OnlyALivingCollectorIsAsked) {
  { const SessionFile session = new_session(); }
  EXPECT_THROW(Control{path()}, ControlError);
  EXPECT_THROW(Control{folder_ / "nothing.session"}, ControlError);
  std::ofstream(folder_ / "heapscribe-2.session") << "something else";
  EXPECT_THROW(Control{folder_ / "heapscribe-2.session"}, ControlError);
  EXPECT_THROW(find_session(folder_, 4712), ControlError);
}

TEST_F(ControlTest, SlotsThatWereLeftBehindComeBack) {
  SessionFile session = new_session();
  RequestDesk desk(session.header());
  for (wire::Request& request : session.header().requests) {
    request.state = wire::RequestState::Claimed;
  }
  desk.take_back(1'000, 500);
  EXPECT_EQ(session.header().requests[0].state.load(), wire::RequestState::Claimed);
  desk.take_back(1'600, 500);
  for (const wire::Request& request : session.header().requests) {
    EXPECT_EQ(request.state.load(), wire::RequestState::Free);
  }
}

// The program may have scribbled over everything.
TEST_F(ControlTest, LabelsAreCutAndMadeFitToBeShown) {
  SessionFile session = new_session();
  wire::Request& request = session.header().requests[3];
  std::memset(request.label, '\n', sizeof request.label);
  request.state = wire::RequestState::Ready;
  const std::vector<Wish> wishes = RequestDesk(session.header()).wishes();
  ASSERT_EQ(wishes.size(), 1U);
  EXPECT_EQ(wishes[0].label, std::string(wire::kLabelBytes - 1, '?'));
}

// What a call of the program's own will do.
TEST_F(ControlTest, AThreadOfTheProgramDoesNotWaitForItsAnswer) {
  SessionFile session = new_session();
  wire::Request& request = session.header().requests[0];
  request.origin = wire::RequestOrigin::Program;
  request.state = wire::RequestState::Ready;
  RequestDesk desk(session.header());
  desk.answer(desk.wishes().at(0), 3);
  EXPECT_EQ(request.state.load(), wire::RequestState::Free);
}

TEST(SnapshotSignal, IsCountedAndTakenOnce) {
  take_snapshots_at(SIGUSR2);
  raise(SIGUSR2);
  raise(SIGUSR2);
  EXPECT_EQ(asked_by_signal(), 2U);
  EXPECT_EQ(asked_by_signal(), 0U);
  std::signal(SIGUSR2, SIG_DFL);
}

TEST(SnapshotSignal, HasNamesAndNumbers) {
  EXPECT_EQ(signal_number("SIGUSR2"), SIGUSR2);
  EXPECT_EQ(signal_number("USR1"), SIGUSR1);
  EXPECT_EQ(signal_number("12"), SIGUSR2);
  for (const char* unfit : {"", "SIGKILL", "9", "TERM", "SIGINT", "SIGNONE", "1000", "-1", "12x"}) {
    EXPECT_EQ(signal_number(unfit), 0) << unfit;
  }
}

TEST(MemoryLimits, AreReadAsTheKernelWritesThem) {
  EXPECT_EQ(total_in("MemTotal:       16384 kB\nMemFree: 1 kB\n"), 16384U * 1024);
  EXPECT_EQ(total_in("MemFree: 1 kB\n"), std::nullopt);
  int version = 0;
  EXPECT_EQ(memory_group_in("0::/user.slice/a\n", version), "/user.slice/a");
  EXPECT_EQ(version, 2);
  EXPECT_EQ(memory_group_in("5:cpu,memory:/docker/b\n1:name=systemd:/c\n0::/d\n", version),
            "/docker/b");
  EXPECT_EQ(version, 1);
  EXPECT_EQ(memory_group_in("", version), "");
  const MemoryLimits limits = memory_limits_of(getpid());
  EXPECT_GT(limits.machine.value_or(0), 1U << 20U);
  EXPECT_LE(limits.least(), limits.machine.value_or(0));
  EXPECT_EQ((MemoryLimits{.machine = 100, .group = 40}.least()), 40U);
  EXPECT_EQ((MemoryLimits{.machine = {}, .group = 40}.least()), 40U);
  EXPECT_EQ((MemoryLimits{.machine = 100, .group = {}}.least()), 100U);
  EXPECT_EQ(MemoryLimits{}.least(), 0U);
}

}  // namespace
}  // namespace heapscribe::collector
