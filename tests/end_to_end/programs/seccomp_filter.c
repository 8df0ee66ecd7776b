/* Locks itself into a sandbox that kills it for any system call beyond memory, read, write and
   exit, and then allocates on thousands of new call paths. Writes with write(2): stdio would call
   fstat. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW(call)                                      \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), \
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static struct sock_filter rules[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    ALLOW(read),
    ALLOW(write),
    ALLOW(mmap),
    ALLOW(munmap),
    ALLOW(brk),
    ALLOW(futex),
    ALLOW(mprotect),
    ALLOW(exit),
    ALLOW(exit_group),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};

static int enter_sandbox(void) {
  struct sock_fprog program = {.len = sizeof rules / sizeof rules[0], .filter = rules};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 0;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void say(const char* text) {
  if (write(1, text, strlen(text)) < 0) _exit(9);
}

static void walk(unsigned path, int depth);

static void left(unsigned path, int depth) {
  walk(path >> 1, depth - 1);
  __asm__ volatile("");
}

static void right(unsigned path, int depth) {
  walk(path >> 1, depth - 1);
  __asm__ volatile("");
}

static void* kept[64];

static void allocate(unsigned path) {
  free(kept[path % 64]);
  kept[path % 64] = malloc(path % 3000);
  kept[path % 64] = realloc(kept[path % 64], path % 5000 + 1);
}

static void walk(unsigned path, int depth) {
  if (depth == 0) {
    allocate(path);
  } else if (path & 1) {
    left(path, depth);
  } else {
    right(path, depth);
  }
  __asm__ volatile("");
}

int main(void) {
  free(malloc(1)); /* the C library's first allocation asks for random bytes */
  if (!enter_sandbox()) {
    say("no sandbox here\n");
    return 77;
  }
  for (unsigned path = 0; path < 1U << 13; ++path) walk(path, 13);
  for (int i = 0; i < 64; ++i) free(kept[i]);
  say("alive in the sandbox\n");
  return 6;
}
