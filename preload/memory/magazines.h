// Magazines: arrays of free blocks of one class. A thread works on one; full ones change hands as a
// whole, so that a block freed by another thread costs a fraction of one atomic operation, and
// nobody touches the blocks themselves.
//
// Word 0 is 0 while a thread works on the magazine: a pop that reaches it has found no block. At
// other times it tells the number of blocks. A magazine is aligned to its size, so any place in it
// leads to word 0.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "preload/memory/size_classes.h"
#include "preload/memory/slabs.h"

namespace heapscribe::memory {

constexpr std::size_t magazine_bytes(unsigned size_class) {
  const std::size_t words = batch_blocks(size_class) + std::size_t{1};
  const std::size_t bytes = std::bit_ceil(words * sizeof(BlockWord));
  return bytes < 64 ? 64 : bytes;
}

// Of a magazine that nobody works on.
unsigned blocks_in(const BlockWord* magazine);
void set_blocks_in(BlockWord* magazine, unsigned blocks);

// An empty one; nullptr when there is no memory for it.
BlockWord* new_magazine(unsigned size_class);
void drop_magazine(unsigned size_class, BlockWord* magazine);

// Leaves a magazine with its blocks to other threads. False: the depot has enough, and the blocks
// should go back to their slabs.
bool leave_in_depot(unsigned size_class, BlockWord* magazine);

// nullptr when there is none.
BlockWord* take_from_depot(unsigned size_class);

}  // namespace heapscribe::memory
