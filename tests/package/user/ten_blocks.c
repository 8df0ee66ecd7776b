/* Allocates ten blocks, and frees them unless the second argument is there. Fails without the first
   as the test writes it. */
#include <heapscribe/heapscribe.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char** argv) {
  if (argc < 2 || strcmp(argv[1], "a b;c") != 0) return 3;
  const heapscribe_entry entry = heapscribe_section_begin("ten");
  for (int i = 0; i < 10; ++i) {
    void* volatile block = malloc(100);
    if (argc < 3) free(block);
  }
  heapscribe_section_end(entry);
  return 0;
}
