#include "preload/unwind/unwinder.h"

#include <execinfo.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include "preload/platform/stack_bounds.h"
#include "preload/unwind/rule_cache.h"

namespace heapscribe::unwind {
namespace {

class UnwinderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    platform::note_main_stack();
    ASSERT_TRUE(prepare_rule_cache());
  }
};

using Frames = std::vector<std::uintptr_t>;

Frames captured(CaptureFunction capture) {
  Frames frames(100'000);
  frames.resize(capture(frames.data(), static_cast<std::uint32_t>(frames.size())));
  return frames;
}

// The oracle: glibc's backtrace, which is libgcc's unwinder.
Frames oracle() {
  std::vector<void*> frames(100'000);
  frames.resize(static_cast<std::size_t>(backtrace(frames.data(), 100'000)));
  Frames addresses;
  for (void* frame : frames) addresses.push_back(reinterpret_cast<std::uintptr_t>(frame));
  return addresses;
}

// The outer frames that two captures made in one function must share: all but the innermost few.
void expect_same_callers(const Frames& rules, const Frames& expected) {
  ASSERT_GE(rules.size(), 4U);
  ASSERT_GE(expected.size(), 4U);
  std::size_t same = 0;
  while (same < rules.size() && same < expected.size() &&
         rules[rules.size() - 1 - same] == expected[expected.size() - 1 - same]) {
    ++same;
  }
  EXPECT_GE(same + 4, std::max(rules.size(), expected.size()));
  EXPECT_GE(same, 3U);
}

TEST_F(UnwinderTest, AgreesWithLibgccInAnOrdinaryFunction) {
  expect_same_callers(captured(capture_rules), oracle());
}

TEST_F(UnwinderTest, BoostKeepsTheSamePromise) {
  expect_same_callers(captured(capture_boost), oracle());
}

TEST_F(UnwinderTest, AgreesInAThread) {
  std::thread([] { expect_same_callers(captured(capture_rules), oracle()); }).join();
}

[[gnu::noinline]] std::size_t recurse(int depth, Frames& frames) {
  if (depth == 0) {
    frames = captured(capture_rules);
    return frames.size();
  }
  volatile char padding[64] = {};
  const std::size_t result = recurse(depth - 1, frames);
  return result + static_cast<std::size_t>(padding[0]);
}

// A sanitizer's frames are too large for that many of them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kLevels = 3'000;
#else
constexpr int kLevels = 30'000;
#endif

TEST_F(UnwinderTest, ThirtyThousandLevelsStillEndInMain) {
  Frames shallow;
  Frames deep;
  recurse(1, shallow);
  recurse(kLevels, deep);
  EXPECT_GE(deep.size(), static_cast<std::size_t>(kLevels));
  EXPECT_EQ(deep.back(), shallow.back());
}

TEST_F(UnwinderTest, TooLittleRoomIsFilledToTheBrim) {
  std::uintptr_t few[4] = {};
  EXPECT_EQ(capture_rules(few, 4), 4U);
  EXPECT_EQ(capture_boost(few, 4), 4U);
}

// Frames that realign the stack keep their caller's frame in another register.
struct alignas(64) Wide {
  double values[8];
};
[[gnu::noinline, gnu::optimize("no-omit-frame-pointer")]] void realigned(volatile Wide* out) {
  volatile Wide wide{};
  wide.values[0] = out != nullptr ? 1.0 : 2.0;
  void* dynamic = __builtin_alloca(static_cast<std::size_t>(wide.values[0] * 100));
  asm volatile("" : : "r"(dynamic) : "memory");
  expect_same_callers(captured(capture_rules), oracle());
}
TEST_F(UnwinderTest, AgreesAboveARealignedFrame) {
  realigned(nullptr);
}

// A handler must not allocate, so it has its arrays ready.
constexpr int kInHandler = 1024;
std::uintptr_t rules_in_handler[kInHandler];
void* oracle_in_handler[kInHandler];
std::uint32_t rules_count = 0;
int oracle_count = 0;

void note_stack(int) {
  rules_count = capture_rules(rules_in_handler, kInHandler);
  oracle_count = backtrace(oracle_in_handler, kInHandler);
}

void expect_same_callers_in_handler() {
  Frames expected;
  for (int i = 0; i < oracle_count; ++i) {
    expected.push_back(reinterpret_cast<std::uintptr_t>(oracle_in_handler[i]));
  }
  expect_same_callers(Frames(rules_in_handler, rules_in_handler + rules_count), expected);
}

TEST_F(UnwinderTest, CrossesASignalFrame) {
  std::signal(SIGUSR1, note_stack);
  std::raise(SIGUSR1);
  std::signal(SIGUSR1, SIG_DFL);
  expect_same_callers_in_handler();
}

TEST_F(UnwinderTest, CrossesToTheInterruptedStackFromAnAlternateOne) {
  std::vector<char> alternate(1 << 20);
  stack_t stack{};
  stack.ss_sp = alternate.data();
  stack.ss_size = alternate.size();
  ASSERT_EQ(sigaltstack(&stack, nullptr), 0);
  struct sigaction action {};
  action.sa_handler = note_stack;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR2, &action, nullptr);
  std::raise(SIGUSR2);
  stack.ss_flags = SS_DISABLE;
  sigaltstack(&stack, nullptr);
  expect_same_callers_in_handler();
}

ucontext_t main_context;
ucontext_t coroutine_context;
Frames in_coroutine;
void coroutine() {
  in_coroutine = captured(capture_rules);
  swapcontext(&coroutine_context, &main_context);
}

TEST_F(UnwinderTest, EndsWhereACoroutineBegins) {
  std::vector<char> stack(4 << 20);
  getcontext(&coroutine_context);
  coroutine_context.uc_stack.ss_sp = stack.data();
  coroutine_context.uc_stack.ss_size = stack.size();
  coroutine_context.uc_link = &main_context;
  makecontext(&coroutine_context, coroutine, 0);
  swapcontext(&main_context, &coroutine_context);
  EXPECT_GE(in_coroutine.size(), 2U);
  EXPECT_LE(in_coroutine.size(), 8U);
}

// Generated code: push rbp; mov rbp, rsp; call rax; pop rbp; ret.
TEST_F(UnwinderTest, FollowsFramePointersThroughGeneratedCode) {
  const unsigned char code[] = {0x55, 0x48, 0x89, 0xE5, 0xFF, 0xD7, 0x5D, 0xC3};
  void* page =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  std::memcpy(page, code, sizeof code);
  static Frames frames;
  const auto callee = +[] { frames = captured(capture_rules); };
  reinterpret_cast<void (*)(void (*)())>(page)(callee);
  const Frames here = captured(capture_rules);
  munmap(page, 4096);
  ASSERT_GE(frames.size(), 5U);
  EXPECT_EQ(frames.back(), here.back());
}

TEST_F(UnwinderTest, ForgettingRulesChangesNothing) {
  const Frames before = captured(capture_rules);
  forget_rules();
  const Frames after = captured(capture_rules);
  EXPECT_EQ(before.size(), after.size());
}

}  // namespace
}  // namespace heapscribe::unwind
