/* Allocates once on each of 2^N different call paths (N is the argument, 12 if there is none), and
   frees every second block. Many stacks make much to write down. */
#include <stdio.h>
#include <stdlib.h>

static unsigned long allocated, freed;

static void walk(unsigned long path, int depth);

static void left(unsigned long path, int depth) {
  walk(path >> 1, depth - 1);
  __asm__ volatile("");
}

static void right(unsigned long path, int depth) {
  walk(path >> 1, depth - 1);
  __asm__ volatile("");
}

static void allocate(void) {
  void* block = malloc(32);
  if (++allocated % 2 == 0) {
    free(block);
    ++freed;
  }
}

static void walk(unsigned long path, int depth) {
  if (depth == 0) {
    allocate();
  } else if (path & 1) {
    left(path, depth);
  } else {
    right(path, depth);
  }
  __asm__ volatile("");
}

int main(int count, char** arguments) {
  const int depth = count > 1 ? atoi(arguments[1]) : 12;
  for (unsigned long path = 0; path < 1UL << depth; ++path) walk(path, depth);
  printf("%lu allocated, %lu freed\n", allocated, freed);
  return 0;
}
