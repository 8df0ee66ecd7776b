// All live blocks of the copy, by address, and which of them a word points into.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/wire/session.h"

namespace heapscribe::census {

struct Block {
  std::uintptr_t address;
  std::uint64_t size;  // requested
  wire::Ref row;
  bool mapped;  // glibc gave it a mapping of its own
};

inline constexpr std::uint32_t kNoBlock = ~std::uint32_t{0};

class BlockList {
 public:
  // Collects them from the recorder's books. False without memory.
  bool collect();

  std::uint32_t size() const { return count_; }
  const Block& operator[](std::uint32_t index) const { return blocks_[index]; }

  // The block with `address` <= word < address + size (or == address); kNoBlock if there is none.
  // Of an array without elements the end counts too: it is all that the program has.
  std::uint32_t find(std::uintptr_t word) const {
    if (word < lowest_ || word >= end_) return kNoBlock;
    const std::uint32_t entry = directory_[word >> kChunkBits];
    if (entry == 0) return kNoBlock;
    const std::uint32_t index = (entry & kWhole) != 0 ? entry & ~kWhole : search(entry, word);
    if (index >= count_) return kNoBlock;
    const Block& block = blocks_[index];
    const std::uint64_t offset = word - block.address;
    if (offset < block.size || offset == 0) return index;
    return offset == block.size && is_empty_array(block) ? index : kNoBlock;
  }

 private:
  static bool is_empty_array(const Block& block);
  static constexpr unsigned kChunkBits = 26;
  static constexpr unsigned kPageBits = 9;  // few blocks begin in so little memory
  static constexpr unsigned kAddressBits = 47;
  static constexpr std::uint32_t kPages = 1U << (kChunkBits - kPageBits);
  static constexpr std::uint32_t kWhole = 1U << 31;  // one block fills the chunk

  std::uint32_t search(std::uint32_t table, std::uintptr_t word) const;
  bool gather();
  bool make_index();
  void fill_chunk(std::uint32_t* pages, std::uintptr_t chunk, std::uint32_t& next) const;

  Block* blocks_ = nullptr;
  std::uint32_t count_ = 0;
  std::uintptr_t lowest_ = 0, end_ = 0;
  // By chunk of 64 MiB: 0 = no block; a number of a table, from 1 on; or kWhole and a block.
  std::uint32_t* directory_ = nullptr;
  // A table: for each of its pages, small ones, the first block that begins there or later, and one
  // entry more.
  std::uint32_t* tables_ = nullptr;
};

}  // namespace heapscribe::census
