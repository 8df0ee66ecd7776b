// Serves the calls that arrive while the real allocator is being looked up: dlsym may allocate.
// Blocks are never reused; release and resize recognise them by their range.
#pragma once

#include <cstddef>

namespace heapscribe::bootstrap {

// 16-aligned or as asked; nullptr when even the kernel has no more memory.
void* early_allocate(std::size_t size, std::size_t alignment = 16);
bool is_early(const void* block);
std::size_t early_size(const void* block);

}  // namespace heapscribe::bootstrap
