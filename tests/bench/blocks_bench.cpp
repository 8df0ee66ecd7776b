// What it costs to know the live blocks: entering and removing one, by book and number of live
// blocks, on one thread and on two: small_blocks and block_table.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "preload/record/block_table.h"
#include "preload/record/small_blocks.h"

namespace {

using namespace heapscribe;

constexpr std::size_t kUsable = 264;  // the mean of the micro pair
constexpr std::uintptr_t kBytesApart = 272;
constexpr wire::Ref kRow = 4096;

class SmallBlocksBook {
 public:
  SmallBlocksBook() { blocks_.enable(); }
  void insert(std::uintptr_t block) { blocks_.insert(block, kUsable, kUsable - 4, kRow); }
  bool take(std::uintptr_t block) {
    std::uint64_t requested = 0;
    return blocks_.take(block, kUsable, requested) != wire::kNoRef;
  }

 private:
  record::SmallBlocks blocks_;
};

class BlockTableBook {
 public:
  void insert(std::uintptr_t block) { table_.insert(block, {kRow, kUsable}); }
  bool take(std::uintptr_t block) { return table_.take(block).row != wire::kNoRef; }

 private:
  record::BlockTable table_;
};

// Each thread has a heap and a share of the live blocks of its own; the book is everybody's.
template <typename Book>
void replace_at_random(benchmark::State& state) {
  static Book book;
  const auto live = static_cast<std::uint64_t>(state.range(0) / state.threads());
  const std::uintptr_t heap =
      0x7f00'0000'0010 + (std::uintptr_t{static_cast<unsigned>(state.thread_index())} << 32);
  const auto block = [heap](std::uint64_t number) { return heap + number * kBytesApart; };
  for (std::uint64_t i = 0; i < live; ++i) book.insert(block(i));
  std::uint64_t random = 42;
  for (auto step : state) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    const std::uintptr_t picked = block((random >> 32) * live >> 32);
    if (!book.take(picked)) return state.SkipWithError("a block is missing");
    book.insert(picked);
  }
  for (std::uint64_t i = 0; i < live; ++i) book.take(block(i));
}

template <typename Book>
void add(const char* name) {
  benchmark::RegisterBenchmark(name, replace_at_random<Book>)
      ->Arg(1'000)
      ->Arg(1'000'000)
      ->ThreadRange(1, 2)
      ->UseRealTime();
}

}  // namespace

int main(int argc, char** argv) {
  add<SmallBlocksBook>("small_blocks");
  add<BlockTableBook>("block_table");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
