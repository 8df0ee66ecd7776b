#include "preload/record/small_blocks.h"

#include "preload/platform/pages.h"

namespace heapscribe::record {

void SmallBlocks::enable() {
  void* pages = platform::map_pages(kChunks * sizeof *directory_);
  if (pages == nullptr) return;
  directory_ = static_cast<std::atomic<std::uint32_t*>*>(pages);
  chunks_ = kChunks;
}

// The first to map a chunk wins.
[[gnu::noinline]] std::uint32_t* SmallBlocks::add_chunk(std::uintptr_t block) {
  const std::uintptr_t chunk = block >> kChunkBits;
  if (chunk >= chunks_) return nullptr;
  constexpr std::size_t kBytes = kEntries * sizeof(std::uint32_t);
  auto* fresh = static_cast<std::uint32_t*>(platform::map_pages(kBytes));
  if (fresh == nullptr) return nullptr;
  std::uint32_t* expected = nullptr;
  if (!directory_[chunk].compare_exchange_strong(expected, fresh, std::memory_order_acq_rel)) {
    platform::unmap_pages(fresh, kBytes);
    return entry_of(block);
  }
  const std::size_t place = used_chunks_.fetch_add(1, std::memory_order_acq_rel);
  if (place < kListedChunks) {
    chunk_list_[place].store(static_cast<std::uint32_t>(chunk), std::memory_order_release);
  }
  return entry_of(block);
}

}  // namespace heapscribe::record
