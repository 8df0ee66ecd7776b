/* A library that the program loads: it holds one block in a global and frees another when it goes.
 */
#include <stdlib.h>

#include "case.h"

static void* volatile held;
static void* volatile freed;

NAMED void* plugin_allocate_held(void) {
  return filled(malloc(64), 64);
}
NAMED void* plugin_allocate_freed(void) {
  return filled(malloc(96), 96);
}
NAMED void plugin_lose(void) {
  use(filled(malloc(128), 128));
}

__attribute__((visibility("default"))) void plugin_start(void) {
  held = plugin_allocate_held();
  freed = plugin_allocate_freed();
  plugin_lose();
}

__attribute__((destructor)) static void plugin_end(void) {
  free(freed);
}
