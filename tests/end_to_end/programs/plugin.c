/* A plugin, built twice with different names for its functions (PLUGIN = a or b) and, so that both
   fit the same place in memory, the same shape. It allocates when loaded and when called. */
#include <stdlib.h>

#define JOIN_(left, right) left##right
#define JOIN(left, right) JOIN_(left, right)
#define CONSTRUCT JOIN(construct_plugin_, PLUGIN)
#define ALLOCATE JOIN(allocate_in_plugin_, PLUGIN)

static void* kept;

__attribute__((constructor)) static void CONSTRUCT(void) {
  kept = malloc(500);
}
__attribute__((destructor)) static void release(void) {
  free(kept);
}

void* ALLOCATE(size_t size) {
  void* block = malloc(size);
  __asm__ volatile("");
  return block;
}
