// Grows a block by realloc after it has made that hard: `limit` lowers RLIMIT_AS, `advice` has
// split the block's mapping.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

static void lower_address_space(void) {
  struct rlimit limit = {2UL << 30, 2UL << 30};
  if (setrlimit(RLIMIT_AS, &limit) != 0) perror("setrlimit");
}

// A part of the block is advised about, as a database does with its buffers.
static void split(char* block, size_t size) {
  const uintptr_t middle = ((uintptr_t)block + size / 2) & ~(uintptr_t)4095;
  if (madvise((void*)middle, 8192, MADV_DONTFORK) != 0) perror("madvise");
}

int main(int argc, char** argv) {
  const char* how = argc > 1 ? argv[1] : "";
  size_t size = 200000;
  char* block = malloc(size);
  memset(block, 1, size);
  if (strcmp(how, "limit") == 0) lower_address_space();
  for (int i = 0; i < 8; ++i) {
    if (strcmp(how, "advice") == 0) split(block, size);
    char* larger = realloc(block, size * 2);
    if (larger == NULL) {
      printf("realloc to %zu failed\n", size * 2);
      return 3;
    }
    block = larger;
    for (size_t at = 0; at < size; ++at) {
      if (block[at] != 1) {
        printf("damaged at %zu of %zu\n", at, size);
        return 4;
      }
    }
    size *= 2;
    memset(block, 1, size);
  }
  printf("grown to %zu\n", size);
  free(block);
  return 0;
}
