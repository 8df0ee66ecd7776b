/* Goes 30,000 calls deep and allocates on the way down, at the bottom and on the way up. */
#include <stdio.h>
#include <stdlib.h>

enum { kDepth = 30000, kStep = 1000 };

static int blocks;

static void allocate_at_depth(size_t size) {
  blocks += malloc(size) != NULL;
  __asm__ volatile("");
}

static void descend(int depth) {
  if (depth % kStep == 0) allocate_at_depth(100);
  if (depth < kDepth) descend(depth + 1);
  if (depth % kStep == 0) allocate_at_depth(50);
}

int main(void) {
  descend(1);
  printf("%d blocks\n", blocks);
  return 0;
}
