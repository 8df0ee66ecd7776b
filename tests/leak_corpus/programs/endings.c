/* How a program or a function ends decides what is still held then. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static void* volatile global;

/* exit is called while the frame that holds the block has not returned. */
NAMED void* allocate_for_frame_at_exit(void) {
  return filled(malloc(64), 64);
}
NAMED void call_exit(void) {
  exit(0);
}
static void frame_at_exit(void) {
  void* volatile block = allocate_for_frame_at_exit();
  call_exit();
  use(block);
}

NAMED void* allocate_for_register_at_exit(void) {
  return filled(malloc(64), 64);
}
static void register_at_exit(void) {
  register void* block __asm__("rbx") = allocate_for_register_at_exit();
  __asm__ volatile("" : "+r"(block));
  exit(0);
}

/* main's frame itself, in main below. */
NAMED void* allocate_for_returned_main(void) {
  return filled(malloc(64), 64);
}
NAMED void* allocate_for_main_at_exit(void) {
  return filled(malloc(64), 64);
}

NAMED void* allocate_for_frame_at__exit(void) {
  return filled(malloc(64), 64);
}
NAMED void lose_before__exit(void) {
  use(filled(malloc(96), 96));
}
static void left_by__exit(void) {
  void* volatile block = allocate_for_frame_at__exit();
  lose_before__exit();
  _exit(0);
  use(block);
}

NAMED void* allocate_for_quick_exit(void) {
  return filled(malloc(64), 64);
}
NAMED void lose_before_quick_exit(void) {
  use(filled(malloc(96), 96));
}
static void free_global(void) {
  free(global);
  global = NULL;
}
static void left_by_quick_exit(void) {
  global = allocate_for_quick_exit();
  lose_before_quick_exit();
  at_quick_exit(free_global);
  quick_exit(0);
}

/* quick_exit calls no handler of atexit. */
NAMED void* allocate_for_skipped_handler(void) {
  return filled(malloc(64), 64);
}
static void handler_skipped_by_quick_exit(void) {
  global = allocate_for_skipped_handler();
  atexit(free_global);
  quick_exit(0);
}

NAMED void* allocate_freed_by_handler(void) {
  return filled(malloc(64), 64);
}
static void freed_by_atexit(void) {
  global = allocate_freed_by_handler();
  atexit(free_global);
}

NAMED void* allocate_lost_by_handler(void) {
  return filled(malloc(64), 64);
}
static void forget_global(void) {
  global = NULL;
}
static void lost_by_atexit(void) {
  global = allocate_lost_by_handler();
  atexit(forget_global);
}

NAMED void lose_in_handler(void) {
  use(filled(malloc(64), 64));
}
static void lost_in_atexit(void) {
  atexit(lose_in_handler);
}

/* A destructor of the program itself: it comes after the handlers. */
static void* volatile freed_last;
static int wanted_destructor;
__attribute__((destructor)) static void free_in_destructor(void) {
  if (wanted_destructor) free(freed_last);
  freed_last = NULL;
}
NAMED void* allocate_freed_by_destructor(void) {
  return filled(malloc(64), 64);
}
static void freed_by_destructor(void) {
  wanted_destructor = 1;
  freed_last = allocate_freed_by_destructor();
}

static jmp_buf back;
NAMED void jump_back(void) {
  longjmp(back, 1);
}
NAMED void own_and_jump(void) {
  void* volatile block = filled(malloc(64), 64);
  jump_back();
  free(block);
}
static void longjmp_over_owner(void) {
  if (setjmp(back) == 0) own_and_jump();
}

/* Of what the child does, nothing is this process's. */
NAMED void* allocate_before_fork(void) {
  return filled(malloc(64), 64);
}
NAMED void lose_in_child(void) {
  use(filled(malloc(96), 96));
}
static void child_exits(void) {
  global = allocate_before_fork();
  const pid_t child = fork();
  if (child == 0) {
    global = NULL;
    lose_in_child();
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

NAMED void* allocate_freed_by_child(void) {
  return filled(malloc(64), 64);
}
NAMED void forget_in_parent(void) {
  void* volatile block = allocate_freed_by_child();
  const pid_t child = fork();
  if (child == 0) {
    free(block);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static const struct leak_case kCases[] = {
    {"frame_at_exit", frame_at_exit},
    {"register_at_exit", register_at_exit},
    {"left_by__exit", left_by__exit},
    {"left_by_quick_exit", left_by_quick_exit},
    {"handler_skipped_by_quick_exit", handler_skipped_by_quick_exit},
    {"freed_by_atexit", freed_by_atexit},
    {"lost_by_atexit", lost_by_atexit},
    {"lost_in_atexit", lost_in_atexit},
    {"freed_by_destructor", freed_by_destructor},
    {"longjmp_over_owner", longjmp_over_owner},
    {"child_exits", child_exits},
    {"freed_by_child_only", forget_in_parent},
    {"main_returned", NULL},
    {"main_at_exit", NULL},
};

int main(int count, char** arguments) {
  void* volatile block = NULL;
  if (count == 2 && strcmp(arguments[1], "main_returned") == 0) {
    block = allocate_for_returned_main();
    use((void*)&block);
    return 0;
  }
  if (count == 2 && strcmp(arguments[1], "main_at_exit") == 0) {
    block = allocate_for_main_at_exit();
    exit(0);
  }
  return run_case(kCases, COUNT_OF(kCases), count, arguments);
}
