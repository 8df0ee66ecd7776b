/* The shared file in which published_counter.c keeps the truth about itself. */
#pragma once

#ifdef __cplusplus
#include <atomic>
#include <cstdint>
using published_number = std::atomic<std::uint64_t>;
#else
#include <stdatomic.h>
#include <stdint.h>
typedef _Atomic uint64_t published_number;
#endif

#define PUBLISHED_THREADS 3

struct published_thread {
  published_number allocations_started, allocations_finished;
  published_number bytes_started, bytes_finished;
  published_number frees_started, frees_finished;
};

struct published {
  published_number pid; /* set once the threads run */
  struct published_thread threads[PUBLISHED_THREADS];
};
