// Huge blocks: more than kMaxSmall bytes, or aligned to more than any small block is. Each has a
// slot of its own, of which only as many pages are touched as the program uses. Growing within the
// slot is free; growing beyond it moves pages, not bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heapscribe::memory {

struct HugeBlock {
  void* block;  // nullptr = the range cannot serve it
  bool clean;   // reads as zero as far as `dirty` bytes are not in the way
  std::size_t dirty;
};

HugeBlock allocate_huge(std::size_t size, std::size_t alignment);
// False if no block begins there.
bool release_huge(void* block);
std::size_t huge_size(const void* block);
// Resizes to more than kMaxSmall bytes. nullptr: the block is as it was.
void* resize_huge(void* block, std::size_t size);

}  // namespace heapscribe::memory
