/* The smallest program that allocates. Also built static. */
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  void* block = malloc(100);
  puts(block != NULL ? "hello" : "no memory");
  free(block);
  return 0;
}
