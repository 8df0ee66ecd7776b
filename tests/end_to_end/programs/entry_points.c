/* Every C entry point with its corner cases, one line each: result, errno, usable size, alignment.
   Addresses are not printed, so the output is the same in every run. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTINEL 4242
static const size_t kHuge = (size_t)PTRDIFF_MAX + 1;
static const size_t kLargest = (size_t)PTRDIFF_MAX;

static void show(const char* call, void* block) {
  const int error = errno;
  if (block == NULL) {
    printf("%-44s NULL errno %d\n", call, error);
  } else {
    printf("%-44s usable %zu aligned %d errno %d\n", call, malloc_usable_size(block),
           (uintptr_t)block % 16 == 0, error);
  }
  errno = SENTINEL;
  free(block);
  if (errno != SENTINEL) printf("  free changed errno to %d\n", errno);
}

#define SHOW(call)       \
  do {                   \
    errno = SENTINEL;    \
    show(#call, (call)); \
  } while (0)

static void* filled(size_t size) {
  unsigned char* block = malloc(size);
  for (size_t i = 0; i < size; ++i) block[i] = (unsigned char)i;
  return block;
}

static void show_contents_kept(size_t from, size_t to) {
  unsigned char* block = realloc(filled(from), to);
  size_t wrong = 0;
  for (size_t i = 0; i < (from < to ? from : to); ++i) wrong += block[i] != (unsigned char)i;
  printf("realloc %zu -> %zu: %zu wrong bytes\n", from, to, wrong);
  free(block);
}

static void show_zeroed(size_t count, size_t size) {
  free(filled(count * size));
  unsigned char* block = calloc(count, size);
  size_t dirty = 0;
  for (size_t i = 0; i < count * size; ++i) dirty += block[i] != 0;
  printf("calloc %zu x %zu: %zu dirty bytes\n", count, size, dirty);
  free(block);
}

/* A failed realloc leaves the block as it was. */
static void show_failed_realloc(void) {
  unsigned char* block = filled(100);
  errno = SENTINEL;
  void* moved = realloc(block, kHuge);
  printf("realloc to huge: %s errno %d, byte 99 is %d\n", moved == NULL ? "NULL" : "?", errno,
         block[99]);
  errno = SENTINEL;
  moved = reallocarray(block, SIZE_MAX / 2, 3);
  printf("reallocarray overflow: %s errno %d, byte 99 is %d\n", moved == NULL ? "NULL" : "?", errno,
         block[99]);
  free(block);
}

static void show_realloc_to_zero(void) {
  void* block = malloc(100);
  errno = SENTINEL;
  void* result = realloc(block, 0);
  printf("realloc(p, 0): %s errno %d\n", result == NULL ? "NULL" : "block", errno);
  block = malloc(100);
  result = reallocarray(block, 0, 7);
  printf("reallocarray(p, 0, 7): %s errno %d\n", result == NULL ? "NULL" : "block", errno);
}

static void show_posix_memalign(size_t alignment, size_t size) {
  void* block = (void*)16;
  errno = SENTINEL;
  const int result = posix_memalign(&block, alignment, size);
  printf("posix_memalign(%zu, %zu): %d errno %d", alignment, size, result, errno);
  if (result == 0) {
    printf(" aligned %d usable at least %d\n", (uintptr_t)block % alignment == 0,
           block == NULL || malloc_usable_size(block) >= size);
    free(block);
  } else {
    printf(" pointer untouched %d\n", block == (void*)16);
  }
}

/* Aligned blocks have address-dependent usable sizes. */
static void show_aligned(const char* call, void* block, size_t alignment, size_t size) {
  const int error = errno;
  if (block == NULL) {
    printf("%s(%zu, %zu): NULL errno %d\n", call, alignment, size, error);
    return;
  }
  printf("%s(%zu, %zu): aligned %d usable at least %d errno %d\n", call, alignment, size,
         alignment == 0 || (uintptr_t)block % alignment == 0, malloc_usable_size(block) >= size,
         error);
  memset(block, 1, malloc_usable_size(block));
  free(block);
}

static void show_all_aligned(size_t alignment, size_t size) {
  errno = SENTINEL;
  show_aligned("aligned_alloc", aligned_alloc(alignment, size), alignment, size);
  errno = SENTINEL;
  show_aligned("memalign", memalign(alignment, size), alignment, size);
}

static void show_pages(size_t size) {
  errno = SENTINEL;
  show_aligned("valloc", valloc(size), 4096, size);
  errno = SENTINEL;
  show_aligned("pvalloc", pvalloc(size), 4096, size);
}

/* Programs may use what malloc_usable_size grants. */
static void write_all_usable_bytes(void) {
  void* blocks[2000];
  size_t total = 0;
  for (size_t i = 0; i < 2000; ++i) {
    blocks[i] = i % 3 == 0 ? calloc(1, i * 7) : malloc(i * 5 % 3001);
    const size_t usable = malloc_usable_size(blocks[i]);
    memset(blocks[i], (int)i, usable);
    total += usable;
  }
  for (size_t i = 0; i < 2000; ++i) free(blocks[i]);
  printf("wrote all %zu usable bytes\n", total);
}

/* From C23: only where the C library, or whoever stands before it, has them. */
extern void free_sized(void* block, size_t size) __attribute__((weak));
extern void free_aligned_sized(void* block, size_t alignment, size_t size) __attribute__((weak));

static void release_sized(void) {
  void* block = malloc(100);
  void* aligned = aligned_alloc(64, 128);
  errno = SENTINEL;
  free_sized != NULL ? free_sized(block, 100) : free(block);
  free_aligned_sized != NULL ? free_aligned_sized(aligned, 64, 128) : free(aligned);
  printf("sized release: errno %d\n", errno);
}

int main(void) {
  SHOW(malloc(0));
  SHOW(malloc(1));
  SHOW(malloc(24));
  SHOW(malloc(25));
  SHOW(malloc(1000));
  SHOW(malloc(200000));
  SHOW(malloc(kHuge));
  SHOW(malloc(SIZE_MAX));
  SHOW(malloc(kLargest));
  SHOW(calloc(0, 0));
  SHOW(calloc(0, 10));
  SHOW(calloc(10, 0));
  SHOW(calloc(7, 11));
  SHOW(calloc(SIZE_MAX / 2, 3));
  SHOW(calloc(SIZE_MAX, SIZE_MAX));
  SHOW(calloc(1, kHuge));
  SHOW(realloc(NULL, 0));
  SHOW(realloc(NULL, 100));
  SHOW(realloc(NULL, kHuge));
  SHOW(realloc(malloc(10), 1000));
  SHOW(realloc(malloc(1000), 10));
  SHOW(realloc(malloc(300000), 600000));
  SHOW(reallocarray(NULL, 10, 10));
  SHOW(reallocarray(NULL, SIZE_MAX, 2));
  SHOW(reallocarray(malloc(5), 10, 10));
  show_contents_kept(10, 100);
  show_contents_kept(5000, 70000);
  show_contents_kept(200000, 400000);
  show_contents_kept(400000, 10);
  show_zeroed(10, 100);
  show_zeroed(1, 300000);
  show_failed_realloc();
  show_realloc_to_zero();
  const size_t alignments[] = {0, 1, 2, 3, 4, 7, 8, 16, 24, 32, 48, 64, 1024, 4096, 65536};
  for (size_t i = 0; i < sizeof alignments / sizeof alignments[0]; ++i) {
    show_posix_memalign(alignments[i], 100);
    /* Not a power of two: glibc rounds up, so only that it is a block can be said. */
    const size_t alignment = alignments[i];
    if ((alignment & (alignment - 1)) != 0) continue;
    show_all_aligned(alignment, 0);
    show_all_aligned(alignment, 100);
    show_all_aligned(alignment, 5001);
  }
  show_posix_memalign(64, 0);
  show_posix_memalign(64, kHuge);
  show_posix_memalign(kHuge, 64);
  show_all_aligned(64, kHuge);
  show_all_aligned(kHuge, 64);
  errno = SENTINEL;
  show_aligned("memalign odd", memalign(48, 100), 64, 100);
  show_aligned("aligned_alloc odd", aligned_alloc(24, 100), 32, 100);
  show_pages(0);
  show_pages(1);
  show_pages(5000);
  show_pages(kHuge);
  show_pages(SIZE_MAX);
  printf("malloc_usable_size(NULL): %zu\n", malloc_usable_size(NULL));
  errno = SENTINEL;
  free(NULL);
  printf("free(NULL): errno %d\n", errno);
  free(strdup("allocated by the C library"));
  char* text = NULL;
  const int length = asprintf(&text, "%s", "also");
  printf("asprintf: %d %s\n", length, text);
  free(text);
  release_sized();
  write_all_usable_bytes();
  return 0;
}
