/* The program has forgotten a block, but its address still stands where nobody will read it again.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#include "case.h"

static void* volatile global;

/* 32 KiB of stack are full of the address, then the frame is gone; the program ends near main. */
NAMED void* allocate_for_dead_stack(void) {
  return filled(malloc(64), 64);
}
NAMED void cover_stack(void) {
  void* volatile copies[4096];
  void* block = allocate_for_dead_stack();
  for (size_t i = 0; i < COUNT_OF(copies); ++i) copies[i] = block;
  use((void*)copies);
}
static void dead_stack_area(void) {
  cover_stack();
  exit(0);
}

/* A hundred frames, each with a block of its own. */
NAMED void lose_at_depth(int depth) {
  void* volatile block = filled(malloc(64), 64);
  use((void*)&block);
  if (depth > 1) lose_at_depth(depth - 1);
  use((void*)&block);
}
static void deep_call_chain(void) {
  lose_at_depth(100);
}

/* The address stands in a block that was freed. */
NAMED void* allocate_known_to_freed_block(void) {
  return filled(malloc(64), 64);
}
static void freed_holder(void) {
  void** holder = malloc(256);
  for (int i = 0; i < 32; ++i) holder[i] = allocate_known_to_freed_block();
  free(holder);
}

/* The freed block is used again, and its new owner has not written to where the address stands. */
NAMED void* allocate_known_to_reused_block(void) {
  return filled(malloc(64), 64);
}
NAMED void** allocate_reused_block(void) {
  return malloc(256);
}
static void reused_holder(void) {
  void** holder = malloc(256);
  holder[20] = allocate_known_to_reused_block();
  use(holder);
  free(holder);
  void** again = allocate_reused_block();
  again[0] = NULL;
  global = again;
}

/* The same with realloc: the block shrinks, the address is beyond its new end. */
NAMED void* allocate_known_beyond_end(void) {
  return filled(malloc(64), 64);
}
NAMED void** shrink_below_address(void) {
  void** holder = filled(malloc(256), 256);
  holder[30] = allocate_known_beyond_end();
  use(holder);
  return realloc(holder, 200);
}
static void beyond_shrunk_end(void) {
  global = shrink_below_address();
}

/* A function that is called may change these registers: they hold nothing for the caller of exit.
 */
NAMED void* allocate_for_dead_registers(void) {
  return filled(malloc(64), 64);
}
NAMED void exit_with_full_registers(void) {
  void* block = allocate_for_dead_registers();
  __asm__ volatile(
      "mov %0, %%r10\n\t"
      "mov %0, %%r11\n\t"
      "xor %%edi, %%edi\n\t"
      "mov %0, %%rsi\n\t"
      "movq %%r10, %%xmm5\n\t"
      "movq %%r10, %%xmm15\n\t"
      "xor %%r10, %%r10\n\t"
      :
      : "a"(block)
      : "rdi", "rsi", "r10", "r11", "xmm5", "xmm15");
  exit(0);
}

/* The pointer was in registers that the jump restores, and in frames that it leaves. */
static jmp_buf back;
NAMED void jump_back(void) {
  longjmp(back, 1);
}
NAMED void jump_from_depth(int depth) {
  void* volatile block = filled(malloc(64), 64);
  if (depth > 1) {
    jump_from_depth(depth - 1);
  } else {
    jump_back();
  }
  free(block);
}
static void frames_left_by_longjmp(void) {
  if (setjmp(back) == 0) jump_from_depth(20);
}

/* A handler on a stack of its own, which is a global array: the handler has returned. */
static char handler_stack[65536];
NAMED void lose_in_handler(int signal) {
  (void)signal;
  void* volatile block = filled(malloc(64), 64);
  use((void*)&block);
}
static void alternate_stack(void) {
  const stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
  sigaltstack(&stack, NULL);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = lose_in_handler;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
}

/* The handler does not return: what its frames hold, and those of the interrupted ones, is alive.
 */
NAMED void* allocate_for_handler(void) {
  return filled(malloc(64), 64);
}
NAMED void* allocate_for_interrupted(void) {
  return filled(malloc(96), 96);
}
static void exit_in_handler(int signal) {
  (void)signal;
  void* volatile block = allocate_for_handler();
  exit(0);
  use(block);
}
static void exit_on_alternate_stack(void) {
  const stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
  sigaltstack(&stack, NULL);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = exit_in_handler;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, NULL);
  void* volatile block = allocate_for_interrupted();
  raise(SIGUSR1);
  use(block);
}

/* The interrupted code has its pointer below its stack pointer, in the red zone that is its own. */
NAMED void* allocate_for_red_zone(void) {
  return filled(malloc(64), 64);
}
static void exit_from_handler(int signal) {
  (void)signal;
  exit(0);
}
NAMED void fault_with_red_zone(void* block) {
  __asm__ volatile(
      "mov %0, -64(%%rsp)\n\t"
      "xor %0, %0\n\t"
      "ud2\n\t"
      : "+D"(block)
      :
      : "memory");
}
static void red_zone_at_fault(void) {
  const stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
  sigaltstack(&stack, NULL);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = exit_from_handler;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGILL, &action, NULL);
  fault_with_red_zone(allocate_for_red_zone());
}

MAIN_WITH_CASES({"dead_stack_area", dead_stack_area}, {"deep_call_chain", deep_call_chain},
                {"freed_holder", freed_holder}, {"reused_holder", reused_holder},
                {"beyond_shrunk_end", beyond_shrunk_end},
                {"dead_registers", exit_with_full_registers},
                {"frames_left_by_longjmp", frames_left_by_longjmp},
                {"alternate_stack", alternate_stack},
                {"exit_on_alternate_stack", exit_on_alternate_stack},
                {"red_zone_at_fault", red_zone_at_fault})
