// Slabs: slots that hold blocks of one small size side by side. What threads have no use for comes
// back here, and a slab whose blocks are all back gives its slot back.
//
// No locks: fresh blocks are cut off by moving a mark, returned ones are pushed onto a chain that
// runs through the blocks of their slab. Only who has popped a slab from its class's stack takes
// blocks from the chain.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heapscribe::memory {

// Blocks on their way between threads and slabs: an address, with a mark in its lowest bit while
// the block still reads as zero.
using BlockWord = std::uintptr_t;
inline constexpr BlockWord kFresh = 1;

// Up to `wanted` blocks that were used before. 0 when there are none.
unsigned take_used_blocks(unsigned size_class, BlockWord* out, unsigned wanted);

// Up to `wanted` fresh blocks, lowest address last; `may_grow` allows a new slab. 0 when exhausted.
unsigned cut_blocks(unsigned size_class, BlockWord* out, unsigned wanted, bool may_grow);

void return_blocks(unsigned size_class, const BlockWord* blocks, unsigned count);

}  // namespace heapscribe::memory
