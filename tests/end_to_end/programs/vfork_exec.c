/* 200 vforks whose child, sharing the parent's memory, allocates 50 blocks and becomes another
   program; the parent allocates before, between and after. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kChildren = 200, kBlocks = 50 };

static void allocate_and_release(void) {
  void* blocks[kBlocks];
  for (int i = 0; i < kBlocks; ++i) blocks[i] = malloc(80);
  for (int i = 0; i < kBlocks; ++i) free(blocks[i]);
}

static int one_child(void) {
  const pid_t child = vfork();
  if (child == 0) {
    allocate_and_release();
    execl("/bin/true", "true", (char*)NULL);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(void) {
  int good = 0;
  for (int i = 0; i < kChildren; ++i) {
    allocate_and_release();
    good += one_child();
  }
  allocate_and_release();
  printf("%d of %d children left as they should\n", good, kChildren);
  return 0;
}
