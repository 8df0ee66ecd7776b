// What capturing a stack costs, by unwinder and depth: unwinder/place/depth.
//
// `same_place` captures in one place again and again. `changing_leaf` calls one of eight functions
// at random, each with a frame size of its own, which call one more: three frames are new each
// time. Depth counts all frames of the stack, those before the thread's first function included.
#define UNW_LOCAL_ONLY
#include <benchmark/benchmark.h>
#include <libunwind.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "preload/platform/stack_bounds.h"
#include "preload/unwind/remembered_stack.h"
#include "preload/unwind/rule_cache.h"
#include "preload/unwind/unwinder.h"

namespace {

using namespace heapscribe;

constexpr std::uint32_t kMostFrames = 256;

struct Workplace {
  unwind::RememberedStack remembered{};
  std::uint32_t count = 0;  // frames of the last capture
  std::uintptr_t frames[kMostFrames] = {};
  char storage[8000] = {};
};
thread_local Workplace* here = nullptr;

struct Remembered {
  [[gnu::noinline]] static void capture() {
    here->count = here->remembered.capture(unwind::caller_frame(), 0, unwind::capture_boost).count;
  }
};
template <unwind::CaptureFunction kCapture>
struct Anew {
  [[gnu::noinline]] static void capture() { here->count = kCapture(here->frames, kMostFrames); }
};
using Rules = Anew<unwind::capture_rules>;
using Boost = Anew<unwind::capture_boost>;
struct Libunwind {
  [[gnu::noinline]] static void capture() {
    const int count = unw_backtrace(reinterpret_cast<void**>(here->frames), int{kMostFrames});
    here->count = static_cast<std::uint32_t>(count);
  }
};

// After a call: it is no tail call, and the frame has room for `bytes`.
inline void keep(volatile char* bytes) {
  asm volatile("" : : "r"(bytes) : "memory");
}

template <typename Unwinder, std::size_t kFrame>
[[gnu::noinline]] void inner() {
  volatile char room[16 + 16 * kFrame];
  Unwinder::capture();
  keep(room);
}
template <typename Unwinder, std::size_t kFrame>
[[gnu::noinline]] void leaf() {
  volatile char room[16 + 32 * kFrame];
  inner<Unwinder, kFrame>();
  keep(room);
}

template <typename Unwinder, std::size_t... kFrames>
constexpr auto leaves_of(std::index_sequence<kFrames...>) {
  return std::array<void (*)(), sizeof...(kFrames)>{leaf<Unwinder, kFrames>...};
}

// Without a state: one capture, which tells how deep the stack is here.
using Body = void (*)(benchmark::State*);

template <typename Unwinder>
[[gnu::noinline]] void changing_leaf(benchmark::State* state) {
  constexpr auto kLeaves = leaves_of<Unwinder>(std::make_index_sequence<8>());
  if (state == nullptr) return kLeaves[0]();
  std::uint32_t random = 42;
  for (auto step : *state) {
    random = random * 1664525 + 1013904223;
    kLeaves[random >> 29]();
  }
}

template <typename Unwinder>
[[gnu::noinline]] void same_place(benchmark::State* state) {
  if (state == nullptr) return Unwinder::capture();
  for (auto step : *state) Unwinder::capture();
}

[[gnu::noinline]] void descend(std::uint32_t levels, Body body, benchmark::State* state) {
  volatile char room[48];
  if (levels > 0) {
    descend(levels - 1, body, state);
  } else {
    body(state);
  }
  keep(room);
}

// On a thread of its own, whose stack begins with few frames that are not ours.
void measure(benchmark::State& state, Body body) {
  const auto depth = static_cast<std::uint32_t>(state.range(0));
  std::thread([&] {
    const auto workplace = std::make_unique<Workplace>();
    here = workplace.get();
    here->remembered.use(here->storage, sizeof here->storage);
    here->remembered.begin_thread(platform::end_of_thread_stack());
    descend(0, body, nullptr);
    const std::uint32_t least = here->count;
    descend(depth > least ? depth - least : 0, body, &state);
  }).join();
}

template <typename Unwinder>
void add(const std::string& name) {
  const std::pair<const char*, Body> places[] = {{"same_place", same_place<Unwinder>},
                                                 {"changing_leaf", changing_leaf<Unwinder>}};
  for (const auto& [place, body] : places) {
    benchmark::RegisterBenchmark((name + "/" + place).c_str(), measure, body)
        ->Arg(12)
        ->Arg(20)
        ->Arg(60)
        ->UseRealTime();
  }
}

}  // namespace

int main(int argc, char** argv) {
  platform::note_main_stack();
  if (!unwind::prepare_rule_cache()) return 1;
  add<Remembered>("remembered");
  add<Rules>("rules");
  add<Libunwind>("libunwind");
  add<Boost>("boost");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
