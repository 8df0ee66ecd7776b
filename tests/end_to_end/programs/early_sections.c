/* Begins a section and allocates in it, in DT_PREINIT_ARRAY, before anything else is allocated. The
   library that it needs, of the same source, does so in a constructor. */
#include <stdlib.h>

#include "heapscribe/heapscribe.h"

static void allocate_in(const char* name) {
  static void* volatile kept;
  heapscribe_entry entry = heapscribe_section_begin(name);
  kept = malloc(1001);
  heapscribe_section_end(entry);
  (void)kept;
}

#ifdef EARLY_LIBRARY
__attribute__((constructor)) static void construct(void) {
  allocate_in("library");
}
#else
static void preinit(void) {
  allocate_in("preinit");
}
__attribute__((section(".preinit_array"), used)) static void (*preinit_entry)(void) = preinit;

int main(void) {
  free(malloc(2000));
  return 0;
}
#endif
