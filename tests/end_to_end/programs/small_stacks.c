/* Allocates in every way, on 200 threads with the smallest stack that the system allows. */
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { kThreads = 200 };

static atomic_int good;

static void* allocate_in_thread(void* unused) {
  void* block = malloc(100);
  block = realloc(block, 100000);
  void* zeroed = calloc(10, 10);
  void* aligned = NULL;
  const int error = posix_memalign(&aligned, 256, 1000);
  if (block != NULL && zeroed != NULL && error == 0) atomic_fetch_add(&good, 1);
  free(block);
  free(zeroed);
  free(aligned);
  return unused;
}

int main(void) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN);
  for (int i = 0; i < kThreads; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, allocate_in_thread, NULL) != 0) return 1;
    pthread_join(thread, NULL);
  }
  printf("%d of %d threads\n", atomic_load(&good), kThreads);
  return 0;
}
