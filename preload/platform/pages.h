// Memory straight from the kernel: zeroed, private, a multiple of the page size.
#pragma once

#include <cstddef>

namespace heapscribe::platform {

inline constexpr std::size_t kPageSize = 4096;

inline constexpr std::size_t round_up(std::size_t value, std::size_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

// nullptr when the kernel refuses.
void* map_pages(std::size_t bytes);
void unmap_pages(void* pages, std::size_t bytes);

}  // namespace heapscribe::platform
