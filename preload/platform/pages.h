// Memory straight from the kernel: zeroed, private, a multiple of the page size.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heapscribe::platform {

inline constexpr std::size_t kPageSize = 4096;

inline constexpr std::size_t round_up(std::size_t value, std::size_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

// nullptr when the kernel refuses.
void* map_pages(std::size_t bytes);
void unmap_pages(void* pages, std::size_t bytes);

// What is mapped so is ours and not the program's, for whoever looks at its memory. Memory of ours
// that came from the kernel in another way is to be announced.
struct OwnPages {
  std::uintptr_t begin, end;
};
void announce_own_pages(const void* pages, std::size_t bytes);
// Up to `capacity` of them, in no order; while others map, those may be missing.
std::size_t list_own_pages(OwnPages* out, std::size_t capacity);

}  // namespace heapscribe::platform
