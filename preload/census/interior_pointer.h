// Pointers into the middle of a block that C and C++ programs keep on purpose. memcheck knows the
// same habits (--leak-check-heuristics); we know besides which function made the block.
#pragma once

#include <cstdint>

#include "preload/census/block_list.h"
#include "preload/census/memory_map.h"

namespace heapscribe::census {

// True if `word`, which points into the middle of `block`, is
//  - what new[] returned for elements with a destructor: their number stands in front;
//  - a pointer to a second base class: there begins a virtual table that says how far in it lies;
//  - the characters of an old std::string: length, capacity and owners stand in front;
//  - what a wrapper of malloc returned that keeps the size in front.
bool is_usual(const Block& block, std::uintptr_t word, const MemoryMap& map);

// True if `word` is where glibc's next chunk begins: its first word is the last one of `block`, so
// what libc's allocator notes of its free chunks looks like pointers into the blocks before them.
bool is_chunk_behind(const Block& block, std::uintptr_t word);

}  // namespace heapscribe::census
