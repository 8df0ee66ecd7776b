#include "preload/census/threads.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <thread>

#include "preload/bootstrap/recording_scope.h"
#include "preload/record/thread_recorder.h"
#include "tests/preload/record/session_fixture.h"

namespace heapscribe::census {
namespace {

constexpr std::uintptr_t kMarker = 0x1234'5678'9ABC'DEF0;

struct Other {
  std::atomic<std::uint32_t> id{0};
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> rounds{0};
};

// As a thread that has allocated something.
void make_recorder() {
  const bootstrap::RecordingScope scope;
  record::recorder(scope);
}

// Goes round with a known value in a register.
void spin(Other& other) {
  other.id = static_cast<std::uint32_t>(syscall(SYS_gettid));
  std::uintptr_t marker = kMarker;
  while (!other.done) {
    asm volatile("" : "+r"(marker));
    other.rounds.fetch_add(1, std::memory_order_relaxed);
  }
  asm volatile("" : : "r"(marker));
}

const ThreadView* view_of(const Threads& threads, std::uint32_t id) {
  for (std::size_t i = 0; i < threads.size(); ++i) {
    if (threads[i].id == id) return &threads[i];
  }
  return nullptr;
}

TEST(Threads, StandStillAndShowTheirRegisters) {
  Other other;
  record::open_test_session();
  std::thread thread([&] {
    make_recorder();
    spin(other);
  });
  while (other.id == 0) std::this_thread::yield();
  Threads threads;
  ASSERT_TRUE(threads.stop(Patience::Long));
  const ThreadView* view = view_of(threads, other.id);
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->seen.load(), 1U);
  EXPECT_NE(std::find(std::begin(view->registers), std::end(view->registers), kMarker),
            std::end(view->registers));
  const std::uint64_t rounds = other.rounds;
  usleep(20'000);
  EXPECT_EQ(other.rounds, rounds) << "it went on";
  threads.resume();
  while (other.rounds == rounds) std::this_thread::yield();
  other.done = true;
  thread.join();
}

TEST(Threads, ThatRunNobodyKnowsWhereAreLeftAlone) {
  Other other;
  record::open_test_session();
  std::thread thread([&] { spin(other); });
  while (other.rounds == 0) std::this_thread::yield();
  Threads threads;
  ASSERT_TRUE(threads.stop(Patience::Long));
  EXPECT_EQ(threads.unseen(), 1U);
  threads.resume();
  other.done = true;
  thread.join();
}

TEST(Threads, ThatBlockSignalsAreNotWaitedFor) {
  Other other;
  std::thread thread([&] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    spin(other);
  });
  while (other.rounds == 0) std::this_thread::yield();
  Threads threads;
  ASSERT_TRUE(threads.stop(Patience::Long));
  EXPECT_EQ(threads.unseen(), 1U);
  EXPECT_TRUE(threads.has(other.id));
  threads.resume();
  other.done = true;
  thread.join();
}

}  // namespace
}  // namespace heapscribe::census
