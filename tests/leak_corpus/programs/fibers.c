/* Stacks that are no thread's: fibers made with makecontext. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "case.h"

enum { kStack = 64 << 10, kSmallStack = 2 << 10 };

/* The stack first: a pointer to a fiber is no pointer to the start of something else. */
struct fiber {
  void* stack;
  ucontext_t context;
};

static ucontext_t main_context;
static struct fiber* volatile running;
static struct fiber* volatile living;
static void* volatile handed_over;

static void leave_fiber(void) {
  swapcontext(&running->context, &main_context);
}

static void enter_fiber(struct fiber* fiber) {
  running = fiber;
  swapcontext(&main_context, &fiber->context);
  running = NULL;
  /* It remembers the arguments of the call. */
  memset(&main_context, 0, sizeof main_context);
}

static void prepare(struct fiber* fiber, void* stack, size_t size, void (*body)(void)) {
  getcontext(&fiber->context);
  fiber->stack = stack;
  fiber->context.uc_stack.ss_sp = stack;
  fiber->context.uc_stack.ss_size = size;
  fiber->context.uc_link = NULL;
  makecontext(&fiber->context, body, 0);
}

NAMED struct fiber* allocate_living_fiber(void) {
  return calloc(1, sizeof(struct fiber));
}
NAMED void* allocate_stack_of_living_fiber(void) {
  return calloc(1, kStack);
}
NAMED void* allocate_held_by_fiber(void) {
  return filled(malloc(64), 64);
}
static void hold_on_fiber(void) {
  void* volatile block = allocate_held_by_fiber();
  leave_fiber();
  use(block);
}
static void living_fiber(void) {
  struct fiber* fiber = allocate_living_fiber();
  prepare(fiber, allocate_stack_of_living_fiber(), kStack, hold_on_fiber);
  living = fiber;
  enter_fiber(fiber);
}

NAMED void* allocate_held_by_fiber_in_mapping(void) {
  return filled(malloc(64), 64);
}
static void hold_on_fiber_in_mapping(void) {
  void* volatile block = allocate_held_by_fiber_in_mapping();
  leave_fiber();
  use(block);
}
static void fiber_in_mapping(void) {
  static struct fiber fiber;
  void* stack = mmap(NULL, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  prepare(&fiber, stack, kStack, hold_on_fiber_in_mapping);
  enter_fiber(&fiber);
}

/* 2 KiB are enough for a fiber that calls nothing: it is given the block. */
NAMED void* allocate_small_stack(void) {
  return calloc(1, kSmallStack);
}
NAMED void* allocate_held_by_small_fiber(void) {
  return filled(malloc(64), 64);
}
static void hold_on_small_fiber(void) {
  void* volatile block = handed_over;
  handed_over = NULL;
  leave_fiber();
  use(block);
}
static void small_fiber(void) {
  static struct fiber fiber;
  prepare(&fiber, allocate_small_stack(), kSmallStack, hold_on_small_fiber);
  handed_over = allocate_held_by_small_fiber();
  enter_fiber(&fiber);
}

/* Nobody knows the fiber any more: it will never go on. */
NAMED struct fiber* allocate_lost_fiber(void) {
  return calloc(1, sizeof(struct fiber));
}
NAMED void* allocate_stack_of_lost_fiber(void) {
  return calloc(1, kStack);
}
NAMED void* allocate_held_by_lost_fiber(void) {
  return filled(malloc(64), 64);
}
static void hold_on_lost_fiber(void) {
  void* volatile block = allocate_held_by_lost_fiber();
  leave_fiber();
  use(block);
}
NAMED void lost_fiber(void) {
  struct fiber* fiber = allocate_lost_fiber();
  prepare(fiber, allocate_stack_of_lost_fiber(), kStack, hold_on_lost_fiber);
  enter_fiber(fiber);
}

/* The fiber has done its work and lost a block; its stack, with the stale pointer, is freed. */
NAMED void* allocate_freed_stack(void) {
  return calloc(1, kStack);
}
NAMED void lose_on_fiber(void) {
  void* volatile block = filled(malloc(64), 64);
  use((void*)&block);
}
static void lose_and_leave(void) {
  lose_on_fiber();
  leave_fiber();
}
static void finished_fiber(void) {
  static struct fiber fiber;
  prepare(&fiber, allocate_freed_stack(), kStack, lose_and_leave);
  enter_fiber(&fiber);
  free(fiber.stack);
  memset(&fiber, 0, sizeof fiber);
}

/* The program itself runs on the fiber when it ends, and main's frames wait below. */
NAMED void* allocate_for_waiting_main(void) {
  return filled(malloc(64), 64);
}
NAMED void* allocate_for_running_fiber(void) {
  return filled(malloc(96), 96);
}
NAMED void* allocate_stack_of_running_fiber(void) {
  return calloc(1, kStack);
}
static void exit_on_fiber(void) {
  void* volatile block = allocate_for_running_fiber();
  exit(0);
  use(block);
}
static void exit_called_on_fiber(void) {
  static struct fiber fiber;
  void* volatile block = allocate_for_waiting_main();
  prepare(&fiber, allocate_stack_of_running_fiber(), kStack, exit_on_fiber);
  swapcontext(&main_context, &fiber.context);
  use(block);
}

MAIN_WITH_CASES({"living_fiber", living_fiber}, {"fiber_in_mapping", fiber_in_mapping},
                {"small_fiber", small_fiber}, {"lost_fiber", lost_fiber},
                {"finished_fiber", finished_fiber}, {"exit_called_on_fiber", exit_called_on_fiber})
