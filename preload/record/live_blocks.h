// The books of live blocks: which row a block was counted on, and what it was asked for.
//
// Three places, by who serves the block and how large it is:
//  - the pool keeps a word beside each of its blocks (memory/pool.h);
//  - small blocks of glibc have an entry in a shadow of the heap (small_blocks.h);
//  - all others are in a hash table (block_table.h).
#pragma once

#include "preload/memory/pool.h"
#include "preload/record/block_table.h"
#include "preload/record/small_blocks.h"

namespace heapscribe::record {

class LiveBlocks {
 public:
  // `usable` is what malloc_usable_size says of the block, and must be the same when it is taken
  // out; where it is not known, kUnknownSize. False without memory: the block is then unknown.
  static constexpr std::size_t kUnknownSize = ~std::size_t{0};

  bool insert(std::uintptr_t block, std::size_t usable, BlockRecord record) {
    if (std::uint64_t* word = word_beside(block, usable)) {
      *word = std::uint64_t{record.row} << 32 | (usable - record.size);
      return true;
    }
    return small_.insert(block, usable, record.size, record.row) || table_.insert(block, record);
  }

  // Removes and returns the block's record. Call before the block is released.
  BlockRecord take(std::uintptr_t block, std::size_t usable) {
    if (std::uint64_t* word = word_beside(block, usable)) {
      const std::uint64_t found = *word;
      *word = 0;
      return {static_cast<wire::Ref>(found >> 32), usable - (found & 0xFFFF'FFFFU)};
    }
    BlockRecord record{};
    record.row = small_.take(block, usable, record.size);
    return record.row != wire::kNoRef ? record : table_.take(block);
  }

  const SmallBlocks& small_blocks() const { return small_; }
  const BlockTable& table() const { return table_; }

  // For blocks whose word serves another purpose (samples).
  BlockTable& table() { return table_; }

  // The allocator underneath keeps its blocks 32 bytes apart.
  void find_small_blocks_by_address() { small_.enable(); }

 private:
  static std::uint64_t* word_beside(std::uintptr_t block, std::size_t usable) {
    const auto* pointer = reinterpret_cast<const void*>(block);
    if (!memory::owns(pointer) || usable == kUnknownSize) [[likely]]
      return nullptr;
    return memory::record_word(pointer);
  }

  SmallBlocks small_;
  BlockTable table_;
};

// Of the process.
extern constinit LiveBlocks live_blocks;

}  // namespace heapscribe::record
