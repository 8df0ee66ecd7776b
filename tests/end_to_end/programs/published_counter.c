/* Allocates and frees for ever from a few places and on three threads, and keeps the truth in a
   shared file: what was started and what was finished, for each thread. With a second argument it
   stops after that many rounds. */
#include "../published_counter.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct published* published;
static uint64_t limit = UINT64_MAX;

static void* allocate(struct published_thread* mine, size_t size) {
  atomic_fetch_add(&mine->bytes_started, size);
  atomic_fetch_add(&mine->allocations_started, 1);
  void* block = malloc(size);
  atomic_fetch_add(&mine->allocations_finished, 1);
  atomic_fetch_add(&mine->bytes_finished, size);
  return block;
}

static void release(struct published_thread* mine, void* block) {
  if (block == NULL) return;
  atomic_fetch_add(&mine->frees_started, 1);
  free(block);
  atomic_fetch_add(&mine->frees_finished, 1);
}

static void* allocate_small(struct published_thread* mine) {
  return allocate(mine, 24);
}
static void* allocate_large(struct published_thread* mine) {
  return allocate(mine, 3000);
}

static void* work(void* argument) {
  struct published_thread* mine = argument;
  void* blocks[256] = {0};
  for (uint64_t round = 0; round < limit; ++round) {
    const size_t slot = (size_t)(round * 7 % 256);
    release(mine, blocks[slot]);
    blocks[slot] = round % 5 == 0 ? allocate_large(mine) : allocate_small(mine);
  }
  return NULL;
}

/* Not truncated: a reader may have mapped it already. */
static void map_file(const char* path) {
  const int file = open(path, O_RDWR | O_CREAT, 0644);
  if (ftruncate(file, sizeof *published) != 0) _exit(9);
  published = mmap(NULL, sizeof *published, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (published == MAP_FAILED) _exit(9);
}

int main(int count, char** arguments) {
  if (count < 2) return 2;
  if (count > 2) limit = strtoull(arguments[2], NULL, 10);
  map_file(arguments[1]);
  pthread_t threads[PUBLISHED_THREADS];
  for (int i = 0; i < PUBLISHED_THREADS; ++i) {
    pthread_create(&threads[i], NULL, work, &published->threads[i]);
  }
  atomic_store(&published->pid, (uint64_t)getpid());
  for (int i = 0; i < PUBLISHED_THREADS; ++i) pthread_join(threads[i], NULL);
  return 0;
}
