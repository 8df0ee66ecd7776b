/* Allocates on stacks made by makecontext, switches between them, releases the stacks, and
   allocates on in main. What was remembered of a released stack must not be read again. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { kRounds = 200, kYields = 10, kStack = 65536 };

static ucontext_t caller, coroutine;
static int blocks;

static void allocate_in_coroutine(void) {
  free(malloc(64));
  blocks += malloc(32) != NULL;
}

static void nested(int depth) {
  allocate_in_coroutine();
  if (depth > 0) nested(depth - 1);
  swapcontext(&coroutine, &caller);
  allocate_in_coroutine();
}

static void coroutine_body(void) {
  nested(kYields);
  allocate_in_coroutine();
}

static void allocate_in_main(void) {
  free(malloc(48));
}

static void run_to_the_end(void) {
  for (int i = 0; i <= kYields; ++i) {
    swapcontext(&caller, &coroutine);
    allocate_in_main();
  }
  swapcontext(&caller, &coroutine); /* returns through uc_link */
}

int main(void) {
  for (int round = 0; round < kRounds; ++round) {
    void* stack = mmap(NULL, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    getcontext(&coroutine);
    coroutine.uc_stack.ss_sp = stack;
    coroutine.uc_stack.ss_size = kStack;
    coroutine.uc_link = &caller;
    makecontext(&coroutine, coroutine_body, 0);
    run_to_the_end();
    munmap(stack, kStack);
    allocate_in_main();
  }
  printf("%d blocks\n", blocks);
  return 0;
}
