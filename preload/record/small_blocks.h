// The rows of small blocks, found by address arithmetic: a shadow of the heap.
//
// glibc's blocks start at least 32 bytes apart, so every 32 bytes of address space own one entry of
// 4 bytes: which row, in which half the block begins, and by how much the usable size exceeds the
// requested one. No hash, no search, no atomic operation: an entry belongs to whoever owns the
// block. It costs an eighth of the memory that small blocks ever covered; larger blocks would waste
// more and go to the BlockTable.
//
// Measured against the BlockTable alone, micro pair with a million live blocks: 264 ns plain, 930
// by the table, see tests/bench.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/wire/session.h"

namespace heapscribe::record {

class SmallBlocks {
 public:
  // Largest usable size that is kept here.
  static constexpr std::size_t kLargest = 512;

  // Call once, if the allocator underneath keeps its blocks 32 bytes apart. Without memory nothing
  // is kept.
  void enable();

  // False: not kept here. `row` is a multiple of 64 bytes.
  bool insert(std::uintptr_t block, std::size_t usable, std::size_t requested, wire::Ref row) {
    const std::uint64_t slack = usable - requested;
    if (usable > kLargest || slack > kMostSlack || row >> kRowBits != 0) return false;
    std::uint32_t* entry = entry_of(block);
    if (entry == nullptr && (entry = add_chunk(block)) == nullptr) [[unlikely]]
      return false;
    const auto half = static_cast<std::uint32_t>(block / kHalf % 2);
    *entry = (row / kRowUnits << 1 | half) << kSlackBits | static_cast<std::uint32_t>(slack);
    return true;
  }

  // Removes the block; kNoRef if it is not here.
  wire::Ref take(std::uintptr_t block, std::size_t usable, std::uint64_t& requested) {
    if (usable > kLargest) return wire::kNoRef;
    std::uint32_t* entry = entry_of(block);
    if (entry == nullptr || *entry == 0) [[unlikely]]
      return wire::kNoRef;
    const std::uint32_t found = *entry;
    *entry = 0;
    requested = usable - (found & kMostSlack);
    return row_of(found);
  }

  void prefetch(std::uintptr_t block) const {
    if (const std::uint32_t* entry = entry_of(block)) __builtin_prefetch(entry, 1);
  }

  // Calls visit(block, row, slack) for every block: by address within a chunk, chunks in the order
  // in which they came into use.
  template <typename Visit>
  void for_each(Visit visit) const {
    const std::size_t used = used_chunks_.load(std::memory_order_acquire);
    const bool all = used > kListedChunks;  // too many for the list: look everywhere
    for (std::uintptr_t i = 0; i < (all ? chunks_ : used); ++i) {
      const std::uintptr_t chunk = all ? i : chunk_list_[i].load(std::memory_order_relaxed);
      const std::uint32_t* entries = directory_[chunk].load(std::memory_order_acquire);
      if (entries != nullptr) visit_chunk(chunk, entries, visit);
    }
  }

 private:
  template <typename Visit>
  static void visit_chunk(std::uintptr_t chunk, const std::uint32_t* entries, Visit& visit) {
    for (std::size_t i = 0; i < kEntries; ++i) {
      const std::uint32_t found = entries[i];
      if (found == 0) continue;
      const std::uintptr_t block =
          (chunk << kChunkBits) + (i << kGranuleBits) + (found >> kSlackBits) % 2 * kHalf;
      visit(block, row_of(found), found & kMostSlack);
    }
  }

  static constexpr unsigned kGranuleBits = 5;
  static constexpr std::uintptr_t kHalf = std::uintptr_t{1} << (kGranuleBits - 1);
  static constexpr unsigned kChunkBits = 26;  // 64 MiB of address space, 8 MiB of entries
  static constexpr unsigned kAddressBits = 47;
  static constexpr std::size_t kChunks = std::size_t{1} << (kAddressBits - kChunkBits);
  static constexpr std::size_t kEntries = std::size_t{1} << (kChunkBits - kGranuleBits);
  static constexpr unsigned kSlackBits = 5;
  static constexpr std::uint32_t kMostSlack = (1U << kSlackBits) - 1;
  static constexpr wire::Ref kRowUnits = 64 / wire::kUnit;
  static constexpr unsigned kRowBits = 28;  // of a Ref: rows in the first 4 GiB of the session
  static wire::Ref row_of(std::uint32_t entry) { return (entry >> (kSlackBits + 1)) * kRowUnits; }

  std::uint32_t* entry_of(std::uintptr_t block) const {
    const std::uintptr_t chunk = block >> kChunkBits;
    if (chunk >= chunks_) return nullptr;
    std::uint32_t* entries = directory_[chunk].load(std::memory_order_acquire);
    if (entries == nullptr) return nullptr;
    return entries + ((block >> kGranuleBits) & (kEntries - 1));
  }
  std::uint32_t* add_chunk(std::uintptr_t block);

  std::atomic<std::uint32_t*>* directory_ = nullptr;
  std::size_t chunks_ = 0;  // 0 = not enabled

  // The directory is large and nearly empty: which of its entries are in use.
  static constexpr std::size_t kListedChunks = 1024;
  std::atomic<std::size_t> used_chunks_{0};
  std::atomic<std::uint32_t> chunk_list_[kListedChunks]{};
};

}  // namespace heapscribe::record
