/* The independent count that heapscribe is compared with: an interposer that only counts.

   It stands below heapscribe in LD_PRELOAD, and so sees exactly the calls that reached the
   allocator in the same run. It forwards to whatever allocator comes next. Looking that up does not
   allocate: glibc's dlsym only does so to describe a failure, and these names exist. Counters are
   static until a file is mapped over them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "counts_file.h"

#define PAGE 4096
static union {
  struct counts counts;
  char bytes[PAGE];
} page __attribute__((aligned(PAGE)));

static void add(uint64_t* counter, uint64_t amount) {
  __atomic_fetch_add(counter, amount, __ATOMIC_RELAXED);
}

/* The allocator underneath. */
static struct {
  void* (*malloc)(size_t);
  void* (*calloc)(size_t, size_t);
  void* (*realloc)(void*, size_t);
  void (*free)(void*);
  void* (*memalign)(size_t, size_t);
  void* (*aligned_alloc)(size_t, size_t);
  int (*posix_memalign)(void**, size_t, size_t);
  void* (*valloc)(size_t);
  void* (*pvalloc)(size_t);
} real;

#define RESOLVE(name) real.name = (__typeof__(real.name))dlsym(RTLD_NEXT, #name)

/* All at the first call: dlsym itself may free an old message, which must not lead back here. Free
   comes first for that reason. Threads that meet here find the same. */
static void resolve_all(void) {
  RESOLVE(free);
  RESOLVE(calloc);
  RESOLVE(realloc);
  RESOLVE(memalign);
  RESOLVE(aligned_alloc);
  RESOLVE(posix_memalign);
  RESOLVE(valloc);
  RESOLVE(pvalloc);
  __atomic_store_n(&real.malloc, (__typeof__(real.malloc))dlsym(RTLD_NEXT, "malloc"),
                   __ATOMIC_RELEASE);
}

/* First statement of every exported function. */
static void ready(void) {
  if (__atomic_load_n(&real.malloc, __ATOMIC_ACQUIRE) == NULL) resolve_all();
}

static void* allocated(void* block, size_t size) {
  if (block == NULL) {
    add(&page.counts.failed, 1);
    return NULL;
  }
  add(&page.counts.allocations, 1);
  add(&page.counts.bytes, size);
  return block;
}

static void* count_malloc(size_t size) {
  return allocated(real.malloc(size), size);
}

static void count_free(void* block) {
  if (block != NULL) add(&page.counts.frees, 1);
  real.free(block);
}

static void* count_realloc(void* block, size_t size) {
  if (block == NULL) return count_malloc(size);
  if (size == 0) {
    count_free(block);
    return NULL;
  }
  void* moved = allocated(real.realloc(block, size), size);
  if (moved != NULL) {
    add(&page.counts.frees, 1);
    add(&page.counts.reallocations, 1);
  }
  return moved;
}

/* The exported names never call each other: such a call would start again above us, at heapscribe.
 */
void* malloc(size_t size) {
  ready();
  return count_malloc(size);
}

void free(void* block) {
  ready();
  count_free(block);
}

void* realloc(void* block, size_t size) {
  ready();
  return count_realloc(block, size);
}

/* The product cannot overflow when the call succeeded. */
void* calloc(size_t count, size_t size) {
  ready();
  return allocated(real.calloc(count, size), count * size);
}

void* reallocarray(void* block, size_t count, size_t size) {
  ready();
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) {
    add(&page.counts.failed, 1);
    errno = ENOMEM;
    return NULL;
  }
  return count_realloc(block, total);
}

void* memalign(size_t alignment, size_t size) {
  ready();
  return allocated(real.memalign(alignment, size), size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  ready();
  return allocated(real.aligned_alloc(alignment, size), size);
}

void* valloc(size_t size) {
  ready();
  return allocated(real.valloc(size), size);
}

/* The bytes are the request as the caller wrote it, not the pages it becomes. */
void* pvalloc(size_t size) {
  ready();
  return allocated(real.pvalloc(size), size);
}

int posix_memalign(void** result, size_t alignment, size_t size) {
  ready();
  const int error = real.posix_memalign(result, alignment, size);
  allocated(error == 0 ? *result : NULL, size);
  return error;
}

/* A forked child counts for itself, into memory that nobody reads. */
static void detach_child(void) {
  mmap(&page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static int create_file(const char* directory) {
  char path[512];
  for (int image = 0; image < 100; ++image) {
    snprintf(path, sizeof path, "%s/%d.%d", directory, (int)getpid(), image);
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file >= 0 || errno != EEXIST) return file;
  }
  return -1;
}

/* As early as a library can; what was counted before is carried over. */
__attribute__((constructor(101))) static void publish(void) {
  const char* directory = getenv(COUNTS_DIRECTORY_VARIABLE);
  if (directory == NULL) return;
  int saved = errno;
  strncpy(page.counts.program, program_invocation_short_name, sizeof page.counts.program - 1);
  int file = create_file(directory);
  if (file >= 0 && write(file, &page, PAGE) == PAGE) {
    mmap(&page, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
    pthread_atfork(NULL, NULL, detach_child);
  }
  if (file >= 0) close(file);
  errno = saved;
}
