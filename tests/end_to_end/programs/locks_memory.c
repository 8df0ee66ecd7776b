// Locks all of its memory, as a process without privileges that may lock a little: whoever adds
// much to its address space makes it fail. Then a page that was never touched is in memory.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_up_privileges(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2];
  memset(none, 0, sizeof none);
  if (syscall(SYS_capset, &header, none) != 0) perror("capset");
}

static void limit_locking(rlim_t bytes) {
  struct rlimit limit;
  getrlimit(RLIMIT_MEMLOCK, &limit);
  limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
  setrlimit(RLIMIT_MEMLOCK, &limit);
}

static int resident_pages(void* pages, size_t count) {
  unsigned char in_memory[64] = {0};
  int found = 0;
  mincore(pages, count * 4096, in_memory);
  for (size_t i = 0; i < count; ++i) found += in_memory[i] & 1;
  return found;
}

static void* map(size_t count) {
  return mmap(NULL, count * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void lock(const char* what, int flags) {
  char* pages = map(16);
  char* block = malloc(100000);
  const int status = mlockall(flags);
  printf("%s: %d %s, %d of 16 pages in memory, ", what, status,
         status == 0 ? "ok" : strerror(errno), resident_pages(pages, 16));
  char* later = map(16);
  printf("%d of 16 later\n", later != MAP_FAILED ? resident_pages(later, 16) : -1);
  memset(block, 1, 100000);
  free(block);
  munlockall();
  munmap(pages, 16 * 4096);
  munmap(later, 16 * 4096);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  give_up_privileges();
  limit_locking(7 << 20);
  lock("current", MCL_CURRENT);
  lock("current and future", MCL_CURRENT | MCL_FUTURE);
  lock("future", MCL_FUTURE);
  lock("unknown", 64);
  const pid_t child = fork();
  if (child == 0) {
    lock("child", MCL_CURRENT);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  limit_locking(4096);
  lock("too much", MCL_CURRENT);
  limit_locking(0);
  lock("nothing allowed", MCL_CURRENT);
  return 0;
}
