/* A timer whose handler jumps out of whatever was running, allocation functions included, back to
   main. Afterwards, without the timer, main allocates 1000 blocks in allocate_afterwards.
   Legal because of the allocator it is linked with (signal_safe_heap.c). */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

enum { kJumps = 300, kBlocks = 1000 };

static sigjmp_buf back;
static volatile sig_atomic_t jumps;

static void jump_out(int unused) {
  (void)unused;
  ++jumps;
  siglongjmp(back, 1);
}

static void set_timer(long microseconds) {
  const struct itimerval interval = {{0, microseconds}, {0, microseconds}};
  setitimer(ITIMER_REAL, &interval, NULL);
}

static void allocate_for_ever(void) {
  for (;;) free(malloc(33));
}

static void* allocate_afterwards(void) {
  return malloc(7777);
}

int main(void) {
  const struct sigaction action = {.sa_handler = jump_out, .sa_flags = SA_NODEFER};
  sigaction(SIGALRM, &action, NULL);
  if (sigsetjmp(back, 1) == 0) set_timer(500);
  if (jumps < kJumps) allocate_for_ever();
  set_timer(0);
  int good = 0;
  for (int i = 0; i < kBlocks; ++i) good += allocate_afterwards() != NULL;
  printf("%d blocks afterwards\n", good);
  return 0;
}
