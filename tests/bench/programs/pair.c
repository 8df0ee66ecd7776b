// Pairs of malloc and free of 16 to 511 bytes at a certain stack depth:
//   pair DEPTH LIVE THREADS PAIRS [across]
// Every thread keeps LIVE / THREADS blocks and makes PAIRS / THREADS replacements of one of them
// picked at random. `across`: THREADS/2 threads allocate, and hand the blocks to as many that free.
// DEPTH counts the program's own functions, from the thread's first to the one that calls malloc.
// Prints the nanoseconds from the first pair to the last.
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { kMostThreads = 256, kPlaces = 1024 };

typedef struct {
  _Alignas(64) _Atomic uint32_t written;
  _Alignas(64) _Atomic uint32_t read;
  void* places[kPlaces];
} Ring;

typedef struct Worker Worker;
struct Worker {
  pthread_t thread;
  void (*work)(Worker*);
  void** blocks;
  size_t live;
  long pairs;
  uint64_t random;
  Ring* ring;
  uint64_t begin, end;
};

static int depth;
static pthread_barrier_t all_prepared;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

static uint32_t next_random(Worker* worker) {
  worker->random = worker->random * 6364136223846793005U + 1442695040888963407U;
  return (uint32_t)(worker->random >> 32);
}

// The innermost function: what it calls is the allocator.
__attribute__((noinline)) static void* make(uint32_t random) {
  void* block = malloc(16 + random % 496);
  if (block == NULL) abort();
  *(volatile char*)block = 1;
  return block;
}

__attribute__((noinline)) static void replace(Worker* worker) {
  for (size_t i = 0; i < worker->live; ++i) worker->blocks[i] = make(next_random(worker));
  pthread_barrier_wait(&all_prepared);
  worker->begin = now();
  for (long i = 0; i < worker->pairs; ++i) {
    const uint32_t random = next_random(worker);
    void** place = &worker->blocks[((uint64_t)random * worker->live) >> 32];
    free(*place);
    *place = make(random);
  }
  worker->end = now();
}

__attribute__((noinline)) static void produce(Worker* worker) {
  Ring* ring = worker->ring;
  pthread_barrier_wait(&all_prepared);
  worker->begin = now();
  for (long i = 0; i < worker->pairs; ++i) {
    const uint32_t at = atomic_load_explicit(&ring->written, memory_order_relaxed);
    while (at - atomic_load_explicit(&ring->read, memory_order_acquire) == kPlaces) sched_yield();
    ring->places[at % kPlaces] = make(next_random(worker));
    atomic_store_explicit(&ring->written, at + 1, memory_order_release);
  }
  worker->end = now();
}

__attribute__((noinline)) static void consume(Worker* worker) {
  Ring* ring = worker->ring;
  pthread_barrier_wait(&all_prepared);
  worker->begin = now();
  for (long i = 0; i < worker->pairs; ++i) {
    const uint32_t at = atomic_load_explicit(&ring->read, memory_order_relaxed);
    while (at == atomic_load_explicit(&ring->written, memory_order_acquire)) sched_yield();
    free(ring->places[at % kPlaces]);
    atomic_store_explicit(&ring->read, at + 1, memory_order_release);
  }
  worker->end = now();
}

__attribute__((noinline)) static void descend(Worker* worker, int levels) {
  volatile char frame[48];
  frame[0] = 1;
  if (levels > 0) {
    descend(worker, levels - 1);
  } else {
    worker->work(worker);
  }
  (void)frame[0];  // the call above is no tail call
}

__attribute__((noinline)) static void* start(void* worker) {
  descend(worker, depth - 4);  // start, descend, the work, make
  return NULL;
}

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  depth = atoi(argv[1]);
  const size_t live = strtoul(argv[2], NULL, 10);
  const int threads = atoi(argv[3]);
  const long pairs = atol(argv[4]);
  const int across = argc > 5 && strcmp(argv[5], "across") == 0;
  if (depth < 4 || threads < 1 || threads > kMostThreads || (across && threads % 2 != 0)) return 2;

  static Worker workers[kMostThreads];
  pthread_barrier_init(&all_prepared, NULL, (unsigned)threads);
  for (int i = 0; i < threads; ++i) {
    Worker* worker = &workers[i];
    worker->random = (uint64_t)i + 42;
    worker->pairs = across ? pairs / (threads / 2) : pairs / threads;
    worker->live = live / (size_t)threads;
    worker->work = !across ? replace : i % 2 == 0 ? produce : consume;
    if (across) {
      worker->ring = i % 2 == 0 ? aligned_alloc(64, sizeof(Ring)) : workers[i - 1].ring;
      if (i % 2 == 0) memset(worker->ring, 0, sizeof(Ring));
    } else {
      worker->blocks = calloc(worker->live, sizeof(void*));
    }
  }
  // A single thread is the main thread: many programs never make a second one.
  for (int i = 1; i < threads; ++i) {
    if (pthread_create(&workers[i].thread, NULL, start, &workers[i]) != 0) return 1;
  }
  start(&workers[0]);
  uint64_t begin = workers[0].begin;
  uint64_t end = workers[0].end;
  for (int i = 1; i < threads; ++i) {
    pthread_join(workers[i].thread, NULL);
    if (workers[i].begin < begin) begin = workers[i].begin;
    if (workers[i].end > end) end = workers[i].end;
  }
  printf("%llu\n", (unsigned long long)(end - begin));
  return 0;
}
