/* Forks 2000 times while eight threads allocate. Every child allocates, frees and leaves by _exit.
   A lock that a child inherits held would hang it. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kThreads = 8, kForks = 2000, kChildBlocks = 16 };

static atomic_int stopping;
/* Without a pause the threads leave no processor for the children. */
static const struct timespec kPause = {.tv_sec = 0, .tv_nsec = 300000};

static void exchange_one(void** blocks, unsigned* seed) {
  const unsigned slot = (unsigned)rand_r(seed) % 64;
  free(blocks[slot]);
  blocks[slot] = malloc((size_t)rand_r(seed) % 2000);
}

static void* allocate_until_told(void* argument) {
  unsigned seed = (unsigned)(size_t)argument;
  void* blocks[64] = {0};
  while (!atomic_load(&stopping)) {
    for (int i = 0; i < 300; ++i) exchange_one(blocks, &seed);
    nanosleep(&kPause, NULL);
  }
  for (int slot = 0; slot < 64; ++slot) free(blocks[slot]);
  return NULL;
}

static void be_child(void) {
  void* blocks[kChildBlocks];
  for (size_t i = 0; i < kChildBlocks; ++i) blocks[i] = malloc(1 + i * 100);
  for (size_t i = 0; i < kChildBlocks; ++i) blocks[i] = realloc(blocks[i], 50 + i * 200);
  for (size_t i = 0; i < kChildBlocks; ++i) free(blocks[i]);
  _exit(7);
}

int main(void) {
  pthread_t threads[kThreads];
  for (size_t i = 0; i < kThreads; ++i) {
    pthread_create(&threads[i], NULL, allocate_until_told, (void*)(i + 1));
  }
  int good = 0;
  for (int i = 0; i < kForks; ++i) {
    const pid_t child = fork();
    if (child == 0) be_child();
    int status = 0;
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status)) {
      good += WEXITSTATUS(status) == 7;
    }
  }
  atomic_store(&stopping, 1);
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  printf("%d of %d children left as they should\n", good, kForks);
  return 0;
}
