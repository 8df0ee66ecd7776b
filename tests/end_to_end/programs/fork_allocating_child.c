/* The parent allocates 1000 blocks before and 1000 after a fork; the child allocates 40,000 and
   frees the parent's. Nothing of the child may appear in the parent's numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kParentBlocks = 1000, kChildBlocks = 40000 };

static void* parents[2 * kParentBlocks];

static void allocate_in_parent(int first) {
  for (int i = 0; i < kParentBlocks; ++i) parents[first + i] = malloc(100);
}

static void be_child(void) {
  for (int i = 0; i < kParentBlocks; ++i) free(parents[i]);
  for (int i = 0; i < kChildBlocks; ++i) {
    if (malloc(64) == NULL) exit(1);
  }
  exit(5);
}

int main(void) {
  allocate_in_parent(0);
  const pid_t child = fork();
  if (child == 0) be_child();
  allocate_in_parent(kParentBlocks);
  int status = 0;
  waitpid(child, &status, 0);
  printf("child exit status %d\n", WEXITSTATUS(status));
  return 0;
}
