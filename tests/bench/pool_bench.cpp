// What a pair of malloc and free costs, in the allocator that the program runs on:
//
//   pool_bench                                      the C library's
//   LD_PRELOAD=lib/libpool_alone.so pool_bench      ours, without a recorder
//   LD_PRELOAD=libmimalloc.so.2.0 pool_bench        another
//
// `compare_allocators` runs them all, one after the other, several times.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

namespace {

class Random {
 public:
  std::uint32_t operator()() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>(state_ >> 32);
  }

 private:
  std::uint64_t state_ = 42;
};

void* allocate_some(Random& random) {
  void* block = std::malloc(16 + random() % 496);
  *static_cast<std::uint64_t*>(block) = 1;
  return block;
}

// A live set of a certain size; each step replaces one block of it.
void replace_at_random(benchmark::State& state) {
  Random random;
  std::vector<void*> live(static_cast<std::size_t>(state.range(0)));
  for (void*& block : live) block = allocate_some(random);
  for (auto step : state) {
    void*& block = live[random() % live.size()];
    std::free(block);
    block = allocate_some(random);
  }
  for (void* block : live) std::free(block);
}
BENCHMARK(replace_at_random)->Arg(1'000)->Arg(1'000'000);

// One thread allocates, another frees, through a ring of a thousand places.
class Ring {
 public:
  void put(void* block) {
    const std::uint32_t at = written_.load(std::memory_order_relaxed);
    while (at - read_.load(std::memory_order_acquire) == kPlaces) std::this_thread::yield();
    places_[at % kPlaces] = block;
    written_.store(at + 1, std::memory_order_release);
  }
  void* take() {
    const std::uint32_t at = read_.load(std::memory_order_relaxed);
    while (at == written_.load(std::memory_order_acquire)) std::this_thread::yield();
    void* block = places_[at % kPlaces];
    read_.store(at + 1, std::memory_order_release);
    return block;
  }

 private:
  static constexpr std::uint32_t kPlaces = 1024;
  void* places_[kPlaces] = {};
  alignas(64) std::atomic<std::uint32_t> written_{0};
  alignas(64) std::atomic<std::uint32_t> read_{0};
};

void freed_by_another_thread(benchmark::State& state) {
  const auto ring = std::make_unique<Ring>();
  std::thread other([&] {
    while (void* block = ring->take()) std::free(block);
  });
  Random random;
  for (auto step : state) ring->put(allocate_some(random));
  ring->put(nullptr);
  other.join();
}
BENCHMARK(freed_by_another_thread)->UseRealTime();

// All are allocated, then all freed: what growing and shrinking costs.
void grow_and_shrink(benchmark::State& state) {
  Random random;
  std::vector<void*> blocks(100'000);
  for (auto step : state) {
    for (void*& block : blocks) block = allocate_some(random);
    for (void* block : blocks) std::free(block);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(blocks.size()));
}
BENCHMARK(grow_and_shrink)->Unit(benchmark::kMillisecond);

void large_blocks(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  for (auto step : state) {
    auto* block = static_cast<char*>(std::malloc(bytes));
    benchmark::DoNotOptimize(block[bytes / 2] = 1);
    std::free(block);
  }
}
BENCHMARK(large_blocks)->Arg(20'000)->Arg(200'000)->Arg(2'000'000);

}  // namespace

BENCHMARK_MAIN();
