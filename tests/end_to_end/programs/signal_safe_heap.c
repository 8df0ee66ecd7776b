/* An allocator that may be called from a signal handler at any moment: it only ever adds to one
   atomic number. A program linked with it may legally allocate in handlers, which lets the tests
   interrupt heapscribe anywhere without being undefined themselves. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { kHeader = 16 };
static const size_t kReserve = (size_t)8 << 30; /* address space, not memory */

static _Atomic(char*) base;
static atomic_size_t used;

static char* reserve(void) {
  char* mapped = mmap(NULL, kReserve, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  char* expected = NULL;
  if (atomic_compare_exchange_strong(&base, &expected, mapped)) return mapped;
  munmap(mapped, kReserve);
  return expected;
}

static void* take(size_t alignment, size_t size) {
  char* start = atomic_load(&base);
  if (start == NULL) start = reserve();
  if (size > kReserve / 2 || alignment > 65536) {
    errno = ENOMEM;
    return NULL;
  }
  const size_t room = (size + alignment + kHeader + 15) & ~(size_t)15;
  const size_t offset = atomic_fetch_add(&used, room);
  const uintptr_t first = (uintptr_t)(start + offset) + kHeader;
  char* block = (char*)((first + alignment - 1) & ~(uintptr_t)(alignment - 1));
  memcpy(block - sizeof size, &size, sizeof size);
  return block;
}

size_t malloc_usable_size(void* block) {
  size_t size = 0;
  if (block != NULL) memcpy(&size, (char*)block - sizeof size, sizeof size);
  return size;
}

void* malloc(size_t size) {
  return take(16, size);
}

void free(void* block) {
  (void)block;
}

/* The reserve is fresh memory, already zero. */
void* calloc(size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) {
    errno = ENOMEM;
    return NULL;
  }
  return take(16, total);
}

void* realloc(void* block, size_t size) {
  void* moved = take(16, size);
  const size_t old = malloc_usable_size(block);
  if (moved != NULL && block != NULL) memcpy(moved, block, old < size ? old : size);
  return moved;
}

void* memalign(size_t alignment, size_t size) {
  return take(alignment < 16 ? 16 : alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}

int posix_memalign(void** result, size_t alignment, size_t size) {
  *result = memalign(alignment, size);
  return *result != NULL ? 0 : ENOMEM;
}
