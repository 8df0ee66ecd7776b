/* Single blocks that nothing points to any more, by every way to get a block, and what looks alike
   but is in order. */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>

#include "case.h"

enum { kHuge = (64 << 20) + 4096, kMillion = 1000000 };

static void* volatile global;

NAMED void drop_local(void) {
  use(filled(malloc(40), 40));
}

NAMED void* allocate_first_value(void) {
  return filled(malloc(48), 48);
}
NAMED void* allocate_second_value(void) {
  return filled(malloc(56), 56);
}
static void overwritten_global(void) {
  global = allocate_first_value();
  global = allocate_second_value();
}

NAMED void set_global_to_null(void) {
  global = filled(malloc(72), 72);
  global = NULL;
}

NAMED void lose_zeroed(void) {
  use(calloc(25, 4));
}

NAMED void lose_posix_memalign(void) {
  void* block = NULL;
  if (posix_memalign(&block, 64, 256) == 0) filled(block, 256);
  use(block);
}

NAMED void lose_aligned_alloc(void) {
  use(filled(aligned_alloc(4096, 8192), 8192));
}

NAMED void lose_after_realloc(void) {
  void* block = filled(malloc(10), 10);
  block = realloc(block, 1000);
  use(filled(block, 1000));
}

NAMED void* shrink_and_keep(void) {
  return filled(realloc(filled(malloc(4000), 4000), 100), 100);
}
static void shrunk_by_realloc(void) {
  global = shrink_and_keep();
}

NAMED void lose_reallocarray(void) {
  use(filled(reallocarray(NULL, 20, 15), 300));
}

NAMED void lose_empty_block(void) {
  use(malloc(0));
}
NAMED void* keep_empty_block(void) {
  return malloc(0);
}
static void empty_blocks(void) {
  lose_empty_block();
  global = keep_empty_block();
}

NAMED void lose_huge_block(void) {
  use(memset(malloc(kHuge), 0x11, 4096));
}
NAMED void* keep_huge_block(void) {
  return memset(malloc(kHuge), 0x11, 4096);
}
static void kept_huge_block(void) {
  global = keep_huge_block();
}

NAMED void lose_small_block(void) {
  use(filled(malloc(16), 16));
}
static void million_small_blocks(void) {
  for (int i = 0; i < kMillion; ++i) lose_small_block();
}

/* Ten are made, the loop that frees them stops one too early. */
NAMED void* make_slot(void) {
  return filled(malloc(24), 24);
}
static void freed_but_one(void) {
  void* slots[10];
  for (size_t i = 0; i < COUNT_OF(slots); ++i) slots[i] = make_slot();
  for (size_t i = 0; i + 1 < COUNT_OF(slots); ++i) free(slots[i]);
  memset(slots, 0, sizeof slots);
  use(slots);
}

/* The error path forgets the first of two. */
NAMED void* allocate_request(void) {
  return filled(malloc(128), 128);
}
NAMED void* allocate_answer(void) {
  return filled(malloc(512), 512);
}
static int serve(int broken) {
  void* request = allocate_request();
  void* answer = allocate_answer();
  use(request);
  if (broken) {
    free(answer);
    return -1;
  }
  free(answer);
  free(request);
  return 0;
}
static void early_return(void) {
  for (int i = 0; i < 10; ++i) use((void*)(long)serve(i == 7));
}

NAMED void allocate_and_free(void) {
  for (size_t i = 1; i < 100; ++i) free(filled(malloc(i), i));
}

/* Freed by realloc to size 0, as glibc does it. */
NAMED void free_by_realloc(void) {
  void* block = filled(malloc(64), 64);
#pragma GCC diagnostic ignored "-Wunused-result"
  use(realloc(block, 0));
}

MAIN_WITH_CASES({"dropped_local", drop_local}, {"overwritten_global", overwritten_global},
                {"global_set_to_null", set_global_to_null}, {"lost_calloc", lose_zeroed},
                {"lost_posix_memalign", lose_posix_memalign},
                {"lost_aligned_alloc", lose_aligned_alloc}, {"lost_realloc", lose_after_realloc},
                {"shrunk_by_realloc", shrunk_by_realloc}, {"lost_reallocarray", lose_reallocarray},
                {"empty_blocks", empty_blocks}, {"lost_huge_block", lose_huge_block},
                {"kept_huge_block", kept_huge_block},
                {"million_small_blocks", million_small_blocks}, {"freed_but_one", freed_but_one},
                {"early_return", early_return}, {"all_freed", allocate_and_free},
                {"freed_by_realloc", free_by_realloc})
