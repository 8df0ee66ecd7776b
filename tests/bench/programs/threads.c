// Makes threads, each of which allocates a little:
//   threads COUNT together       all are alive at once
//   threads COUNT one-by-one     one after the other
// Prints the nanoseconds from the first creation to the last join.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int expected, arrived;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

static void* allocate_a_little(void* unused) {
  (void)unused;
  void* blocks[10];
  for (int i = 0; i < 10; ++i) {
    blocks[i] = malloc(100);
    if (blocks[i] == NULL) abort();
    *(volatile char*)blocks[i] = 1;
  }
  for (int i = 0; i < 10; ++i) free(blocks[i]);
  if (expected == 0) return NULL;
  pthread_mutex_lock(&mutex);
  if (++arrived == expected) pthread_cond_broadcast(&changed);
  while (arrived < expected) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
  return NULL;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int count = atoi(argv[1]);
  const int together = strcmp(argv[2], "together") == 0;
  pthread_t* threads = calloc((size_t)count, sizeof *threads);
  if (threads == NULL) return 1;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 128 << 10);
  expected = together ? count : 0;
  const uint64_t begin = now();
  for (int i = 0; i < count; ++i) {
    if (pthread_create(&threads[i], &attributes, allocate_a_little, NULL) != 0) {
      fprintf(stderr, "threads: only %d can be made here\n", i);
      return 1;
    }
    if (!together) pthread_join(threads[i], NULL);
  }
  for (int i = 0; together && i < count; ++i) pthread_join(threads[i], NULL);
  printf("%llu\n", (unsigned long long)(now() - begin));
  return 0;
}
