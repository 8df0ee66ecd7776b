// What an allocation and its release cost in the recorder, stacks made up: pair/sites.
// The time includes capturing a stack of one frame from a variable, one indirect call.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "preload/record/live_blocks.h"
#include "preload/record/thread_recorder.h"
#include "tests/preload/record/session_fixture.h"

namespace {

using namespace heapscribe;

std::uintptr_t pretended_caller = 0;

std::uint32_t pretend(std::uintptr_t* frames, std::uint32_t) {
  frames[0] = pretended_caller;
  return 1;
}

constexpr unwind::Frame kAnywhere{0, 0, 0};
constexpr std::uintptr_t kHeap = 0x7f12'3400'0000;
constexpr std::size_t kUsable = 104;
constexpr std::size_t kRequested = 100;

void one_pair(record::ThreadRecorder& mine, std::uintptr_t caller, const void* block) {
  pretended_caller = caller;
  wire::SiteRow* site = mine.site(wire::CallKind::Malloc, kAnywhere);
  mine.allocated(*site, block, kRequested, kUsable);
  mine.released(mine.take(block, kUsable), block);
}

// Sites take turns at random, blocks come from a heap of a thousand places. All on the main thread:
// a new one would begin with new rows, and the session's space is bounded.
void pair(benchmark::State& state) {
  const bootstrap::RecordingScope scope;
  record::ThreadRecorder* mine = record::recorder(scope);
  if (mine == nullptr) return state.SkipWithError("the session has no space for a thread");
  const auto sites = static_cast<std::uint64_t>(state.range(0));
  const auto block = [](std::uint64_t number) {
    return reinterpret_cast<const void*>(kHeap + number % 1000 * 112);
  };
  for (std::uint64_t site = 0; site < sites; ++site) one_pair(*mine, 0x1000 + site, block(site));
  std::uint64_t random = 42;
  for (auto step : state) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    one_pair(*mine, 0x1000 + ((random >> 32) * sites >> 32), block(random >> 40));
  }
}
BENCHMARK(pair)->Arg(1)->Arg(100'000);

}  // namespace

int main(int argc, char** argv) {
  record::open_test_session();
  record::live_blocks.find_small_blocks_by_address();
  record::set_mode(wire::Mode::Full);
  record::set_unwinder(false, pretend);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
