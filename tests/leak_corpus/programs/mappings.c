/* Memory that the program mapped itself: a way to blocks if the program knows it, and none if not.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "case.h"

enum { kPage = 4096 };

static void* volatile global;

/* Readable and writable pages between two that are not, so that they join no other mapping. */
static void** map_pages(size_t pages) {
  char* all = mmap(NULL, (pages + 2) * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(all + kPage, pages * kPage, PROT_READ | PROT_WRITE);
  return (void**)(all + kPage);
}

static void** word_of_page(void** mapping, size_t page) {
  return mapping + page * kPage / sizeof(void*) + 5;
}

NAMED void* allocate_in_held_mapping(void) {
  return filled(malloc(64), 64);
}
static void held_mapping(void) {
  void** mapping = map_pages(4);
  *word_of_page(mapping, 2) = allocate_in_held_mapping();
  global = mapping;
}

NAMED void* allocate_in_forgotten_mapping(void) {
  return filled(malloc(64), 64);
}
NAMED void fill_and_forget_mapping(void) {
  *word_of_page(map_pages(4), 2) = allocate_in_forgotten_mapping();
}

NAMED void* allocate_behind_two_mappings(void) {
  return filled(malloc(64), 64);
}
static void chain_of_mappings(void) {
  void** first = map_pages(1);
  void** second = map_pages(3);
  *word_of_page(second, 1) = allocate_behind_two_mappings();
  *word_of_page(first, 0) = second;
  global = first;
}

/* Two mappings know each other, and the program neither of them. */
NAMED void* allocate_in_cycle_of_mappings(void) {
  return filled(malloc(64), 64);
}
NAMED void forget_cycle_of_mappings(void) {
  void** first = map_pages(1);
  void** second = map_pages(1);
  *word_of_page(first, 0) = second;
  *word_of_page(second, 0) = first;
  second[9] = allocate_in_cycle_of_mappings();
}

/* A lost block knows a mapping, which knows another block. */
NAMED void** allocate_holder_of_mapping(void) {
  return filled(malloc(48), 48);
}
NAMED void* allocate_behind_lost_mapping(void) {
  return filled(malloc(64), 64);
}
NAMED void lose_holder_of_mapping(void) {
  void** mapping = map_pages(1);
  *word_of_page(mapping, 0) = allocate_behind_lost_mapping();
  *allocate_holder_of_mapping() = mapping;
}

/* An arena: objects are cut from a mapping, the program has a pointer to the second of them. */
struct object {
  char name[40];
  void* payload;
};
NAMED void* allocate_payload_of_object(void) {
  return filled(malloc(64), 64);
}
static void object_in_arena(void) {
  struct object* arena = (struct object*)map_pages(2);
  for (int i = 0; i < 3; ++i) arena[i].payload = allocate_payload_of_object();
  global = arena + 1;
}

NAMED void* allocate_in_unmapped_memory(void) {
  return filled(malloc(64), 64);
}
static void unmapped_holder(void) {
  void** mapping = map_pages(1);
  *mapping = allocate_in_unmapped_memory();
  global = mapping;
  munmap(mapping, kPage);
}

NAMED void* allocate_in_discarded_pages(void) {
  return filled(malloc(64), 64);
}
static void discarded_pages(void) {
  void** mapping = map_pages(1);
  *mapping = allocate_in_discarded_pages();
  global = mapping;
  madvise(mapping, kPage, MADV_DONTNEED);
}

/* The table is made read-only once it is complete. */
NAMED void* allocate_in_sealed_table(void) {
  return filled(malloc(64), 64);
}
static void sealed_table(void) {
  void** table = map_pages(1);
  for (int i = 0; i < 10; ++i) table[i] = allocate_in_sealed_table();
  mprotect(table, kPage, PROT_READ);
  global = table;
}

NAMED void* allocate_behind_guard_page(void) {
  return filled(malloc(64), 64);
}
static void guard_page_in_mapping(void) {
  void** mapping = map_pages(3);
  *word_of_page(mapping, 2) = allocate_behind_guard_page();
  mprotect((char*)mapping + kPage, kPage, PROT_NONE);
  global = mapping;
}

NAMED void** allocate_block_with_guard(void) {
  return filled(aligned_alloc(kPage, 4 * kPage), 4 * kPage);
}
NAMED void* allocate_behind_guard_in_block(void) {
  return filled(malloc(64), 64);
}
static void guard_page_in_block(void) {
  void** block = allocate_block_with_guard();
  *word_of_page(block, 2) = allocate_behind_guard_in_block();
  mprotect((char*)block + kPage, kPage, PROT_NONE);
  global = block;
}

/* The same, but the block itself is lost: what is behind the guard goes with it. */
NAMED void** allocate_lost_block_with_guard(void) {
  return filled(aligned_alloc(kPage, 4 * kPage), 4 * kPage);
}
NAMED void* allocate_behind_lost_guard(void) {
  return filled(malloc(64), 64);
}
NAMED void lose_block_with_guard(void) {
  void** block = allocate_lost_block_with_guard();
  *word_of_page(block, 2) = allocate_behind_lost_guard();
  mprotect((char*)block + kPage, kPage, PROT_NONE);
}

NAMED void* allocate_in_shared_memory(void) {
  return filled(malloc(64), 64);
}
static void shared_memory(void) {
  const int file = memfd_create("corpus", MFD_CLOEXEC);
  if (ftruncate(file, 2 * kPage) != 0) exit(1);
  void** mapping = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  *word_of_page(mapping, 1) = allocate_in_shared_memory();
  global = mapping;
}

NAMED void* allocate_in_program_break(void) {
  return filled(malloc(64), 64);
}
static void program_break(void) {
  void** memory = sbrk(kPage);
  memset(memory, 0, kPage);
  memory[7] = allocate_in_program_break();
  global = memory;
}

/* Half a gigabyte of address space of which two pages are used. */
NAMED void* allocate_in_sparse_mapping(void) {
  return filled(malloc(64), 64);
}
static void sparse_mapping(void) {
  char* mapping = mmap(NULL, 512 << 20, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  void** far = (void**)(mapping + (300 << 20));
  *far = allocate_in_sparse_mapping();
  global = mapping;
}

MAIN_WITH_CASES({"held_mapping", held_mapping}, {"forgotten_mapping", fill_and_forget_mapping},
                {"chain_of_mappings", chain_of_mappings},
                {"cycle_of_mappings", forget_cycle_of_mappings},
                {"lost_holder_of_mapping", lose_holder_of_mapping},
                {"object_in_arena", object_in_arena}, {"unmapped_holder", unmapped_holder},
                {"discarded_pages", discarded_pages}, {"sealed_table", sealed_table},
                {"guard_page_in_mapping", guard_page_in_mapping},
                {"guard_page_in_block", guard_page_in_block},
                {"lost_block_with_guard", lose_block_with_guard}, {"shared_memory", shared_memory},
                {"program_break", program_break}, {"sparse_mapping", sparse_mapping})
