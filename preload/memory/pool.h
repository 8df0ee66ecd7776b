// The size-class pool: an allocator of our own, for programs that are run with `--allocator pool`.
//
// It serves what it can. Where it cannot (no address space, no memory, before it is started), it
// returns nullptr and the caller asks the system's allocator; so a block is either the pool's
// (`owns`) or somebody else's, and is released and resized accordingly. errno is never touched.
//
// Nothing lies beside or inside a live block. Freed blocks are not written to while they are on a
// thread's list.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/memory/heap.h"
#include "preload/memory/range.h"
#include "preload/memory/size_classes.h"

namespace heapscribe::memory {

// Call once, before anything else, while the process has one thread. False: no address space.
bool start_pool(bool with_record_words, std::size_t at_most = SIZE_MAX);

// The program is about to restrict its system calls: the pool, if there is one, makes its last.
void avoid_system_calls();
// Reading the time-stamp counter is about to be forbidden.
void avoid_timer();

// Any size; nullptr when the pool cannot serve it.
void* allocate(std::size_t size);
// Zeroed.
void* allocate_zeroed(std::size_t bytes);
// `alignment`: a power of two.
void* allocate_aligned(std::size_t alignment, std::size_t size);

// The rare parts of `release`.
void release_slowly(void* block, std::size_t offset);
[[noreturn]] void report_wild_release(const void* block);
[[noreturn]] void report_double_release(const void* block);
namespace detail {

inline void count(ClassHeap& place, std::uint64_t so_far, std::size_t size) {
  place.allocations.store(so_far + 1, std::memory_order_relaxed);
  add(place.requested_bytes, size);
}
inline bool may_be_timed(std::uint64_t allocations) {
  return allocations % wire::kPoolTimeEvery == 0;
}

}  // namespace detail

// The block from the thread's list; nullptr sends the caller to `allocate`, which is the same for
// those who can wait.
inline void* allocate_quickly(std::size_t size) {
  if (size > kTableLimit) [[unlikely]]
    return nullptr;
  ClassHeap& place = thread_heap->classes[kClassTable[(size + 15) / kGranule]];
  BlockWord* const top = place.top;
  const BlockWord block = *top & ~kFresh;
  const std::uint64_t so_far = place.allocations.load(std::memory_order_relaxed);
  if (block == 0 || detail::may_be_timed(so_far)) [[unlikely]]
    return nullptr;
  place.top = top - 1;
  detail::count(place, so_far, size);
  return reinterpret_cast<void*>(block);
}

// For blocks of the pool only. Ends the process if the block cannot be released: nothing begins
// there, or it is the one that was released last.
inline void release(void* block) {
  const std::size_t offset = offset_of(block);
  const unsigned c = class_at(offset);
  if (c - 1 >= kClasses) [[unlikely]]
    return release_slowly(block, offset);
  const ClassShape& shape = kShapes[c];
  if (!block_number(shape, static_cast<std::uint32_t>(offset) & shape.slab_mask).exact) [[unlikely]]
    report_wild_release(block);
  ClassHeap& place = thread_heap->classes[c];
  const auto word = reinterpret_cast<BlockWord>(block);
  BlockWord* const top = place.top;
  if (*top == word) [[unlikely]]
    report_double_release(block);
  if (top == place.full) [[unlikely]]
    return release_slowly(block, offset);
  top[1] = word;
  place.top = top + 1;
}

// As realloc for a block of the pool and a size other than 0.
void* resize(void* block, std::size_t size);

std::size_t huge_usable_size(const void* block);

inline std::size_t usable_size(const void* block) {
  const unsigned c = class_at(offset_of(block));
  return c - 1 < kClasses ? kShapes[c].size : huge_usable_size(block);
}

// The 8 bytes beside a block: zero until somebody writes them, and left as they are when the block
// is released. nullptr unless a block may begin at the address (a released one still may).
inline std::uint64_t* record_word(const void* block) {
  const std::size_t offset = offset_of(block);
  if (offset >= range.bytes || range.words == nullptr) return nullptr;
  const unsigned c = class_at(offset);
  if (c - 1 >= kClasses) {
    const bool huge = c == kHuge && offset % kUnitBytes == 0;
    return huge ? range.words + (offset >> kUnitShift) * kWordsPerUnit : nullptr;
  }
  const ClassShape& shape = kShapes[c];
  const std::size_t in_slab = offset & shape.slab_mask;
  const BlockNumber place = block_number(shape, static_cast<std::uint32_t>(in_slab));
  if (!place.exact || place.number >= shape.capacity) return nullptr;
  return range.words + ((offset - in_slab) >> kUnitShift) * kWordsPerUnit + place.number;
}

}  // namespace heapscribe::memory
