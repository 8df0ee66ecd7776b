// The pool as a library to preload, without a recorder: for comparing it with other allocators, and
// for running real programs on it alone.
#include <cerrno>
#include <cstring>

#include "preload/memory/pool.h"
#include "preload/platform/pages.h"

namespace pool = heapscribe::memory;

#pragma GCC visibility push(default)
extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* block);

[[gnu::constructor(101)]] static void start() {
  pool::start_pool(false);
}

[[gnu::noinline]] static void* malloc_slowly(std::size_t size) {
  if (void* block = pool::allocate(size)) return block;
  return __libc_malloc(size);
}

void* malloc(std::size_t size) {
  if (void* block = pool::allocate_quickly(size)) return block;
  return malloc_slowly(size);
}

void* calloc(std::size_t count, std::size_t size) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) return __libc_calloc(count, size);
  if (void* block = pool::allocate_zeroed(bytes)) return block;
  return __libc_calloc(count, size);
}

void free(void* block) {
  if (pool::owns(block)) return pool::release(block);
  __libc_free(block);
}

void* realloc(void* block, std::size_t size) {
  if (block == nullptr) return malloc(size);
  if (!pool::owns(block)) return __libc_realloc(block, size);
  if (size == 0) {
    pool::release(block);
    return nullptr;
  }
  if (void* resized = pool::resize(block, size)) return resized;
  void* moved = __libc_malloc(size);
  if (moved == nullptr) return nullptr;
  const std::size_t old_size = pool::usable_size(block);
  std::memcpy(moved, block, old_size < size ? old_size : size);
  pool::release(block);
  return moved;
}

void* memalign(std::size_t alignment, std::size_t size) {
  if (void* block = pool::allocate_aligned(alignment, size)) return block;
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return memalign(alignment, size);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  void* block = memalign(alignment, size);
  if (block == nullptr) return ENOMEM;
  *result = block;
  return 0;
}

std::size_t malloc_usable_size(void* block) {
  return pool::owns(block) ? pool::usable_size(block) : 0;
}
}
#pragma GCC visibility pop
