/* A timer every 200 microseconds whose handler allocates and frees, while main does two million
   allocations. Legal because of the allocator it is linked with (signal_safe_heap.c).
   Prints how many allocations there were in main; the handler's go to the file that is named, since
   they differ between runs. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

enum { kAllocations = 2000000 };

static volatile sig_atomic_t in_handler;

static void allocate_in_handler(int unused) {
  (void)unused;
  void* blocks[3];
  for (int i = 0; i < 3; ++i) blocks[i] = malloc((size_t)(10 + i));
  for (int i = 0; i < 3; ++i) free(blocks[i]);
  in_handler += 3;
}

static void set_timer(long microseconds) {
  const struct itimerval interval = {{0, microseconds}, {0, microseconds}};
  setitimer(ITIMER_REAL, &interval, NULL);
}

static long allocate_in_main(void) {
  long good = 0;
  for (int i = 0; i < kAllocations; ++i) {
    void* block = malloc((size_t)(i % 50));
    good += block != NULL;
    free(block);
  }
  return good;
}

int main(int count, char** arguments) {
  if (count < 2) return 2;
  const struct sigaction action = {.sa_handler = allocate_in_handler, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  set_timer(200);
  const long good = allocate_in_main();
  set_timer(0);
  FILE* file = fopen(arguments[1], "w");
  fprintf(file, "%d\n", (int)in_handler);
  fclose(file);
  printf("%ld allocations\n", good);
  return 0;
}
