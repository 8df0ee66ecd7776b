/* What is left of a pointer is not its plain value: moved, tagged, coded, unaligned, known to the
   kernel only, or there by chance. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "case.h"

static void* volatile global;
static volatile uintptr_t global_number;

NAMED char* allocate_held_by_middle(void) {
  return filled(malloc(64), 64);
}
static void held_by_middle(void) {
  global = allocate_held_by_middle() + 32;
}

NAMED char* allocate_held_by_last_byte(void) {
  return filled(malloc(64), 64);
}
static void held_by_last_byte(void) {
  global = allocate_held_by_last_byte() + 63;
}

/* 48 bytes asked for, 56 usable: what is asked for counts. */
NAMED char* allocate_held_by_end(void) {
  return filled(malloc(48), 48);
}
static void held_by_end(void) {
  global = allocate_held_by_end() + 48;
}

static char* volatile range[2];
NAMED char* allocate_range(void) {
  return filled(malloc(48), 48);
}
static void held_by_begin_and_end(void) {
  range[0] = allocate_range();
  range[1] = range[0] + 48;
}

/* The array that is counted from 1, with a pointer to the element before the first. */
NAMED char* allocate_counted_from_one(void) {
  return filled(malloc(80), 80);
}
static void counted_from_one(void) {
  global_number = (uintptr_t)allocate_counted_from_one() - 8;
}

NAMED char* allocate_tagged(void) {
  return filled(malloc(64), 64);
}
static void low_bit_tagged(void) {
  global_number = (uintptr_t)allocate_tagged() | 1;
}

/* Every link has a mark in its low bit, the head has none. */
struct marked {
  uintptr_t next;
  char payload[24];
};
NAMED struct marked* make_marked_node(uintptr_t next) {
  struct marked* node = filled(malloc(sizeof *node), sizeof *node);
  node->next = next;
  return node;
}
static void marked_links(void) {
  struct marked* head = NULL;
  for (int i = 0; i < 10; ++i) head = make_marked_node(head == NULL ? 0 : (uintptr_t)head | 2);
  global = head;
}

NAMED char* allocate_boxed(void) {
  return filled(malloc(64), 64);
}
static void boxed_in_a_nan(void) {
  global_number = (uintptr_t)allocate_boxed() | 0xfffc000000000000;
}

NAMED char* allocate_masked(void) {
  return filled(malloc(64), 64);
}
static void hidden_by_xor(void) {
  global_number = (uintptr_t)allocate_masked() ^ 0x5555555555555555;
}

/* Each link is the XOR of both neighbours: those of the first and of the last are plain pointers.
 */
struct xor_node {
  uintptr_t link;
  char payload[24];
};
NAMED struct xor_node* make_xor_node(void) {
  return filled(malloc(32), 32);
}
NAMED void build_xor_list(void) {
  struct xor_node* nodes[10];
  for (size_t i = 0; i < 10; ++i) nodes[i] = make_xor_node();
  for (size_t i = 0; i < 10; ++i) {
    const uintptr_t before = i > 0 ? (uintptr_t)nodes[i - 1] : 0;
    const uintptr_t after = i < 9 ? (uintptr_t)nodes[i + 1] : 0;
    nodes[i]->link = before ^ after;
  }
  global = nodes[0];
  memset(nodes, 0, sizeof nodes);
  use(nodes);
}

/* A base, and distances from it in 32 bits. */
static uint32_t offsets[8];
NAMED char* allocate_base(void) {
  return filled(malloc(64), 64);
}
NAMED char* allocate_held_by_offset(void) {
  return filled(malloc(64), 64);
}
static void compressed_offsets(void) {
  char* base = allocate_base();
  global = base;
  for (size_t i = 0; i < COUNT_OF(offsets); ++i) {
    offsets[i] = (uint32_t)(allocate_held_by_offset() - base);
  }
  use(offsets);
}

struct __attribute__((packed)) packed {
  char kind;
  void* pointer;
};
static struct packed packed_holder;
NAMED void* allocate_held_unaligned(void) {
  return filled(malloc(64), 64);
}
static void unaligned_in_global(void) {
  packed_holder.pointer = allocate_held_unaligned();
  use(&packed_holder);
}

static char text[32];
NAMED void* allocate_known_as_text(void) {
  return filled(malloc(64), 64);
}
static void pointer_as_text(void) {
  snprintf(text, sizeof text, "%p", allocate_known_as_text());
  use(text);
}

NAMED void* allocate_known_to_kernel(void) {
  return filled(malloc(64), 64);
}
static void known_to_epoll(void) {
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = allocate_known_to_kernel()};
  epoll_ctl(poll, EPOLL_CTL_ADD, eventfd(0, EFD_CLOEXEC), &event);
  event.data.ptr = NULL;
  use(&event);
}

/* A megabyte of random numbers, one of which happens to be the address of a lost block. */
NAMED uint64_t* allocate_random_numbers(void) {
  return malloc(1 << 20);
}
NAMED void* allocate_hit_by_chance(void) {
  return filled(malloc(64), 64);
}
static void hit_by_chance(void) {
  uint64_t* numbers = allocate_random_numbers();
  uint64_t number = 1;
  for (size_t i = 0; i < (1 << 20) / sizeof *numbers; ++i) {
    number = number * 6364136223846793005u + 1442695040888963407u;
    numbers[i] = number;
  }
  numbers[70001] = (uint64_t)allocate_hit_by_chance();
  global = numbers;
}

/* One stray number lies somewhere in a large lost block. */
NAMED char* allocate_large_hit_inside(void) {
  return memset(malloc(80 << 20), 0x11, 4096);
}
static void stray_number_in_large_block(void) {
  global_number = (uintptr_t)allocate_large_hit_inside() + 0x2345678;
}

/* The first word of a block is its length, the program has a pointer to what follows. */
NAMED void* allocate_with_length(size_t size) {
  size_t* block = filled(malloc(size + sizeof(size_t)), size + sizeof(size_t));
  block[0] = size;
  return block + 1;
}
static void behind_its_length(void) {
  global = allocate_with_length(120);
}

/* Links in the middle of their owners: the list is complete, but no pointer meets a start. */
struct link {
  struct link* next;
};
struct item {
  char name[24];
  struct link link;
  char payload[16];
};
static struct link* volatile items;
NAMED struct item* make_linked_item(void) {
  return filled(malloc(sizeof(struct item)), 48);
}
static void intrusive_list(void) {
  for (int i = 0; i < 10; ++i) {
    struct item* item = make_linked_item();
    item->link.next = items;
    items = &item->link;
  }
}

MAIN_WITH_CASES({"held_by_middle", held_by_middle}, {"held_by_last_byte", held_by_last_byte},
                {"held_by_end", held_by_end}, {"held_by_begin_and_end", held_by_begin_and_end},
                {"counted_from_one", counted_from_one}, {"low_bit_tagged", low_bit_tagged},
                {"marked_links", marked_links}, {"boxed_in_a_nan", boxed_in_a_nan},
                {"hidden_by_xor", hidden_by_xor}, {"xor_list", build_xor_list},
                {"compressed_offsets", compressed_offsets},
                {"unaligned_in_global", unaligned_in_global}, {"pointer_as_text", pointer_as_text},
                {"known_to_epoll", known_to_epoll}, {"hit_by_chance", hit_by_chance},
                {"stray_number_in_large_block", stray_number_in_large_block},
                {"behind_its_length", behind_its_length}, {"intrusive_list", intrusive_list})
