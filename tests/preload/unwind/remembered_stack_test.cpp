#include "preload/unwind/remembered_stack.h"

#include <execinfo.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

#include <csetjmp>
#include <csignal>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "preload/platform/stack_bounds.h"
#include "preload/unwind/rule_cache.h"

namespace heapscribe::unwind {
namespace {

constexpr std::size_t kStorage = 8000;
constexpr int kMostFrames = 40'000;

// One thread's memory, and the place where the oracle writes: nothing may allocate in a handler.
struct Recorder {
  char storage[kStorage] = {};
  void* oracle[kMostFrames] = {};
  RememberedStack remembered{};
  std::uint64_t compared = 0, different = 0;

  explicit Recorder(platform::StackEnd end) {
    remembered.use(storage, sizeof storage);
    remembered.begin_thread(end);
  }
};
thread_local Recorder* recorder = nullptr;

// Captures with and without memory in one place; glibc's backtrace decides who is right.
[[gnu::noinline]] void check() {
  const Stack& stack = recorder->remembered.capture(caller_frame(), 0, capture_boost);
  const int count = backtrace(recorder->oracle, kMostFrames) - 1;  // less our own frame
  bool same = static_cast<int>(stack.count) == count;
  for (int i = 0; same && i < count; ++i) {
    same = stack.frames[count - 1 - i] == reinterpret_cast<std::uintptr_t>(recorder->oracle[i + 1]);
  }
  ++recorder->compared;
  if (!same) ++recorder->different;
}

class RememberedStackTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    platform::note_main_stack();
    ASSERT_TRUE(prepare_rule_cache());
  }
  void SetUp() override {
    owned_ = std::make_unique<Recorder>(platform::end_of_main_stack());
    recorder = owned_.get();
    backtrace(recorder->oracle, 1);  // loads libgcc
  }
  void TearDown() override {
    EXPECT_GT(recorder->compared, 0U);
    EXPECT_EQ(recorder->different, 0U) << "of " << recorder->compared;
  }
  std::unique_ptr<Recorder> owned_;
};

[[gnu::noinline]] void nothing_between() {
  check();
  asm volatile("");
}
[[gnu::noinline]] void two_calls() {
  check();
  nothing_between();
  check();
}

TEST_F(RememberedStackTest, TheSamePlaceAgainAndAgain) {
  for (int i = 0; i < 100; ++i) two_calls();
  EXPECT_GT(recorder->remembered.reusable_frames(), 5U);
}

// A tree of calls in random order: every prefix is met, left and met again. Frames have random
// sizes, so that old return addresses remain where new frames have their locals.
[[gnu::noinline]] void wander(std::mt19937& random, int depth);
[[gnu::noinline]] void wander_large(std::mt19937& random, int depth) {
  volatile char room[400];
  room[random() % sizeof room] = 1;
  wander(random, depth);
  check();
}
[[gnu::noinline]] void wander_dynamic(std::mt19937& random, int depth) {
  // The frame's size is known only to bp.
  auto* room = static_cast<volatile char*>(__builtin_alloca(16 + random() % 512));
  room[0] = 1;
  wander(random, depth);
  check();
}
void wander(std::mt19937& random, int depth) {
  if (depth == 0) return check();
  for (unsigned calls = 1 + random() % 2; calls > 0; --calls) {
    switch (random() % 4) {
      case 0:
        wander_large(random, depth - 1);
        break;
      case 1:
        wander_dynamic(random, depth - 1);
        break;
      case 2:
        check();
        [[fallthrough]];
      default:
        wander(random, depth - 1);
    }
  }
}

TEST_F(RememberedStackTest, RandomWalksThroughTheCallTree) {
  std::mt19937 random(1);
  for (int walk = 0; walk < 200; ++walk) wander(random, static_cast<int>(random() % 12));
}

// The hardest case: the same return address at the same place, while the frame further out is
// another one: an alloca of another size moved it, and the old slots still hold what they held.
[[gnu::noinline]] void leaf_at(std::uintptr_t place) {
  auto* room = static_cast<volatile char*>(
      __builtin_alloca(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - place));
  room[0] = 1;
  check();
}
[[gnu::noinline]] void moved(std::size_t by, std::uintptr_t place) {
  auto* room = static_cast<volatile char*>(__builtin_alloca(by));
  room[0] = 1;
  leaf_at(place);
}
TEST_F(RememberedStackTest, TheSameInnerPlaceUnderAMovedFrame) {
  const auto place = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - 4096;
  for (const std::size_t by : {16U, 64U, 16U, 256U, 1024U, 64U})
    moved(by, place & ~std::uintptr_t{63});
}

std::jmp_buf jump;
[[gnu::noinline]] void jump_out(int depth) {
  check();
  if (depth == 0) std::longjmp(jump, 1);
  if (depth > 0) jump_out(depth - 1);
  check();
}
TEST_F(RememberedStackTest, AfterLongjmp) {
  static int depth = 1;
  for (depth = 1; depth < 30; ++depth) {
    if (setjmp(jump) == 0) jump_out(depth);
    check();
  }
}

[[gnu::noinline]] void throw_out(int depth) {
  check();
  if (depth == 0) throw std::runtime_error("out");
  throw_out(depth - 1);
  check();
}
TEST_F(RememberedStackTest, AfterExceptions) {
  for (int depth = 1; depth < 30; ++depth) {
    EXPECT_THROW(throw_out(depth), std::runtime_error);
    check();
  }
}

void check_in_handler(int) {
  check();
  two_calls();
}
[[gnu::noinline]] void raise_below(int depth) {
  check();
  if (depth == 0) {
    std::raise(SIGUSR1);
  } else {
    raise_below(depth - 1);
  }
  check();
}
TEST_F(RememberedStackTest, InASignalHandlerAndAfterIt) {
  std::signal(SIGUSR1, check_in_handler);
  for (int depth = 0; depth < 20; ++depth) raise_below(depth);
  std::signal(SIGUSR1, SIG_DFL);
}

// Signals at any instruction, prologues and epilogues included.
TEST_F(RememberedStackTest, InTimerSignalsAnywhere) {
  struct sigaction action {};
  action.sa_handler = [](int) { check(); };
  sigaction(SIGPROF, &action, nullptr);
  const auto other = std::make_unique<Recorder>(platform::end_of_main_stack());
  recorder = other.get();
  itimerval often{{0, 200}, {0, 200}};
  setitimer(ITIMER_PROF, &often, nullptr);
  std::mt19937 random(2);
  volatile double sum = 0;
  std::vector<double> values(1000);
  for (std::uint64_t i = 0; other->compared < 50 && i < 2'000'000'000; ++i) {
    values[random() % values.size()] = static_cast<double>(i);
    sum = sum + values[random() % values.size()];
  }
  often = {};
  setitimer(ITIMER_PROF, &often, nullptr);
  std::signal(SIGPROF, SIG_DFL);
  EXPECT_GE(other->compared, 50U);
  EXPECT_EQ(other->different, 0U) << "of " << other->compared;
  recorder = owned_.get();
  check();
}

TEST_F(RememberedStackTest, InTheHandlerOnAnAlternateStack) {
  std::vector<char> alternate(1 << 20);
  const stack_t stack{.ss_sp = alternate.data(), .ss_flags = 0, .ss_size = alternate.size()};
  ASSERT_EQ(sigaltstack(&stack, nullptr), 0);
  struct sigaction action {};
  action.sa_handler = check_in_handler;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, nullptr);
  for (int depth = 0; depth < 20; ++depth) raise_below(depth);
  const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
  sigaltstack(&none, nullptr);
  std::signal(SIGUSR1, SIG_DFL);
}

// Coroutines whose stacks disappear at once: nothing of them may be looked at again.
ucontext_t of_main;
ucontext_t of_coroutine;
void coroutine() {
  std::mt19937 random(3);
  wander(random, 6);
  swapcontext(&of_coroutine, &of_main);
}
void run_coroutine(std::size_t bytes) {
  void* stack = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(stack, MAP_FAILED);
  getcontext(&of_coroutine);
  of_coroutine.uc_stack.ss_sp = stack;
  of_coroutine.uc_stack.ss_size = bytes;
  of_coroutine.uc_link = &of_main;
  makecontext(&of_coroutine, coroutine, 0);
  swapcontext(&of_main, &of_coroutine);
  munmap(stack, bytes);
}
TEST_F(RememberedStackTest, CoroutinesWhoseStacksAreUnmapped) {
  for (int i = 0; i < 20; ++i) {
    check();
    run_coroutine(i % 2 == 0 ? 1 << 20 : 1 << 16);
    check();
  }
}

TEST_F(RememberedStackTest, CoroutinesOfAThread) {
  std::uint64_t different = 1;
  std::thread([&different] {
    const auto mine = std::make_unique<Recorder>(platform::end_of_thread_stack());
    recorder = mine.get();
    for (int i = 0; i < 20; ++i) {
      two_calls();
      run_coroutine(1 << 18);
    }
    different = mine->different;
  }).join();
  EXPECT_EQ(different, 0U);
  check();
}

TEST_F(RememberedStackTest, AThreadsOwnStackIsReused) {
  std::uint64_t different = 1;
  std::thread([&different] {
    const auto mine = std::make_unique<Recorder>(platform::end_of_thread_stack());
    recorder = mine.get();
    std::mt19937 random(4);
    for (int walk = 0; walk < 50; ++walk) wander(random, 10);
    EXPECT_GT(mine->remembered.reusable_frames(), 0U);
    different = mine->different;
  }).join();
  EXPECT_EQ(different, 0U);
  check();
}

[[gnu::noinline]] void dive(int depth) {
  if (depth % 1000 == 0) check();
  if (depth > 0) dive(depth - 1);
  if (depth % 1000 == 0) check();
  asm volatile("");
}
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kLevels = 3'000;
#else
constexpr int kLevels = 30'000;
#endif
TEST_F(RememberedStackTest, ThirtyThousandLevels) {
  dive(kLevels);
  two_calls();
}

struct alignas(64) Wide {
  double values[8];
};
[[gnu::noinline]] void realigned(int size) {
  volatile Wide wide{};
  wide.values[0] = size;
  auto* room =
      static_cast<volatile char*>(__builtin_alloca(static_cast<std::size_t>(wide.values[0])));
  room[0] = 1;
  check();
  two_calls();
}
TEST_F(RememberedStackTest, RealignedFrames) {
  for (const int size : {16, 160, 16, 1600, 32}) realigned(size);
}

TEST_F(RememberedStackTest, ForgottenRulesAreLearntAgain) {
  two_calls();
  forget_rules();
  two_calls();
}

TEST_F(RememberedStackTest, TheLayoutIsPartOfTheHash) {
  const std::uint64_t first = recorder->remembered.capture(caller_frame(), 0, nullptr).hash;
  const std::uint64_t other = recorder->remembered.capture(caller_frame(), 1, nullptr).hash;
  const std::uint64_t again = recorder->remembered.capture(caller_frame(), 0, nullptr).hash;
  EXPECT_NE(first, other);
  EXPECT_EQ(first, again);
  check();
}

}  // namespace
}  // namespace heapscribe::unwind
