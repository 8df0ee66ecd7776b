/* THREADS threads do ROUNDS rounds each: they allocate, resize and free blocks that lie in slots
   common to all, so that most blocks are freed or moved by another thread than their maker's, and
   their addresses are soon given out again. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

enum { kSlots = 64, kMostThreads = 64 };

static _Atomic(void*) slots[kSlots];
static uint64_t rounds;

static uint64_t next_random(uint64_t* state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state >> 33;
}

static void* make(uint64_t random) {
  if (random % 5 == 0) return calloc(1, random % 5000);
  return malloc(random % 300);
}

static void* work(void* argument) {
  uint64_t state = (uint64_t)(uintptr_t)argument;
  for (uint64_t round = 0; round < rounds; ++round) {
    const uint64_t random = next_random(&state);
    void* mine = atomic_exchange(&slots[random % kSlots], NULL);
    if (mine == NULL) {
      mine = make(random / kSlots);
    } else if (random % 3 == 0) {
      mine = realloc(mine, random % 700 + 1);
    } else {
      free(mine);
      mine = NULL;
    }
    free(atomic_exchange(&slots[random / 7 % kSlots], mine));
  }
  return NULL;
}

int main(int count, char** arguments) {
  if (count < 3) return 2;
  const int threads = atoi(arguments[1]);
  rounds = strtoull(arguments[2], NULL, 10);
  pthread_t ids[kMostThreads];
  for (int i = 0; i < threads; ++i) {
    pthread_create(&ids[i], NULL, work, (void*)(uintptr_t)(i + 1));
  }
  for (int i = 0; i < threads; ++i) pthread_join(ids[i], NULL);
  return 0;
}
