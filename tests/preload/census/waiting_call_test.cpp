// Which waits may be interrupted, and that they go on as if nothing had been.
#include "preload/census/waiting_call.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

namespace heapscribe::census {
namespace {

using State = WaitingCall::State;

TEST(WaitingCall, IsReadFromTheKernelsLine) {
  const WaitingCall call =
      parse_waiting_call("232 0x3 0x7ffd10 0x10 0xffffffff 0x0 0x8 0x7ffc00 0x7f1234\n");
  EXPECT_EQ(call.state, State::Waiting);
  EXPECT_EQ(call.number, SYS_epoll_wait);
  EXPECT_EQ(call.arguments[3], 0xffffffffU);
  EXPECT_EQ(call.sp, 0x7ffc00U);
  EXPECT_EQ(call.pc, 0x7f1234U);
  EXPECT_EQ(parse_waiting_call("running\n").state, State::Running);
  EXPECT_EQ(parse_waiting_call("-1 0x7ffc00 0x7f1234\n").state, State::Running);
  for (const char* broken : {"", "x", "232", "232 0x3 0x7ffd10 0x10", "232 0xg 0 0 0 0 0 0 0"}) {
    EXPECT_EQ(parse_waiting_call(broken).state, State::Unknown) << broken;
  }
}

WaitingCall call_of(long number, std::initializer_list<std::uintptr_t> arguments) {
  WaitingCall call{.state = State::Waiting, .number = number};
  std::copy(arguments.begin(), arguments.end(), call.arguments);
  return call;
}

TEST(WaitingCall, WhatWouldLastTooLongOrEndIsLeftAlone) {
  EXPECT_TRUE(can_be_taken_up_again(call_of(SYS_epoll_wait, {3, 0, 1, 0xffffffff})));
  EXPECT_TRUE(can_be_taken_up_again(call_of(SYS_epoll_wait, {3, 0, 1, 100})));
  EXPECT_FALSE(can_be_taken_up_again(call_of(SYS_epoll_wait, {3, 0, 1, 60'000})));
  EXPECT_FALSE(can_be_taken_up_again(call_of(SYS_poll, {0, 0, 60'000})));
  EXPECT_FALSE(can_be_taken_up_again(call_of(SYS_rt_sigtimedwait, {})));
  EXPECT_FALSE(can_be_taken_up_again(call_of(SYS_write, {1, 0, 10})));
  EXPECT_FALSE(can_be_taken_up_again(call_of(SYS_futex, {0, 0 /* FUTEX_WAIT */, 0, 1})));
  EXPECT_TRUE(can_be_taken_up_again(call_of(SYS_futex, {0, 128, 0, 0})));
  EXPECT_FALSE(can_be_taken_up_again(call_of(SYS_recvfrom, {0, 0, 10, 0x100})));
  const timespec hour{3600, 0};
  const timespec blink{0, 1000};
  const auto at = [](const timespec& time) { return reinterpret_cast<std::uintptr_t>(&time); };
  EXPECT_FALSE(can_be_taken_up_again(call_of(SYS_nanosleep, {at(hour), 0})));
  EXPECT_TRUE(can_be_taken_up_again(call_of(SYS_nanosleep, {at(hour), at(blink)})));
  EXPECT_TRUE(can_be_taken_up_again(call_of(SYS_nanosleep, {at(blink), 0})));
}

std::atomic<int> interruptions{0};
thread_local WaitingCall known;

void interrupt(int, siginfo_t*, void* context) {
  ++interruptions;
  take_up_again(known, *static_cast<ucontext_t*>(context));
}

struct Wait {
  const char* name;
  std::function<bool()> lasts;  // a fifth of a second; false if it failed
};

class EveryWait : public ::testing::TestWithParam<Wait> {
 protected:
  EveryWait() {
    struct sigaction action {};
    action.sa_sigaction = interrupt;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGRTMAX, &action, nullptr);
  }
};

TEST_P(EveryWait, GoesOnAsIfNothingHadBeen) {
  using namespace std::chrono_literals;
  std::atomic<bool> ended{false};
  bool well = false;
  const auto begin = std::chrono::steady_clock::now();
  std::thread thread([&] {
    well = GetParam().lasts();
    ended = true;
  });
  std::this_thread::sleep_for(50ms);
  const int before = interruptions;
  for (int i = 0; i < 5 && !ended; ++i) {
    pthread_kill(thread.native_handle(), SIGRTMAX);
    std::this_thread::sleep_for(10ms);
  }
  thread.join();
  EXPECT_TRUE(well) << "errno " << errno;
  EXPECT_GT(interruptions, before);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 190ms);
}

constexpr int kTimeMs = 200;

bool poll_waits() {
  return poll(nullptr, 0, kTimeMs) == 0;
}
bool epoll_waits() {
  const int instance = epoll_create1(0);
  epoll_event event{};
  const bool well = epoll_wait(instance, &event, 1, kTimeMs) == 0;
  close(instance);
  return well;
}
bool select_waits() {
  timeval time{0, kTimeMs * 1000};
  return select(0, nullptr, nullptr, nullptr, &time) == 0;
}
bool sleeps() {
  timespec time{0, kTimeMs * 1'000'000};
  return nanosleep(&time, &time) == 0;
}
bool sleeps_untold() {
  return usleep(kTimeMs * 1000) == 0;
}
bool receives() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return false;
  const timeval limit{0, kTimeMs * 1000};
  setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  char letter = 0;
  const bool well = recv(pair[0], &letter, 1, 0) == -1 && errno == EAGAIN;
  close(pair[0]);
  close(pair[1]);
  return well;
}
bool waits_for_semaphore() {
  sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  timespec until{};
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += kTimeMs * 1'000'000;
  until.tv_sec += until.tv_nsec / 1'000'000'000;
  until.tv_nsec %= 1'000'000'000;
  return sem_timedwait(&semaphore, &until) == -1 && errno == ETIMEDOUT;
}

INSTANTIATE_TEST_SUITE_P(Wait, EveryWait,
                         ::testing::Values(Wait{"poll", poll_waits}, Wait{"epoll", epoll_waits},
                                           Wait{"select", select_waits}, Wait{"nanosleep", sleeps},
                                           Wait{"usleep", sleeps_untold}, Wait{"recv", receives},
                                           Wait{"sem_timedwait", waits_for_semaphore}),
                         [](const auto& wait) { return wait.param.name; });

}  // namespace
}  // namespace heapscribe::census
