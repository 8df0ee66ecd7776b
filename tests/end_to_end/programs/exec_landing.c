/* Where the exec tests arrive: says with which arguments and environment. */
#include <stdio.h>
#include <stdlib.h>

int main(int count, char** arguments) {
  const char* marker = getenv("MARKER");
  printf("arrived with %d arguments, MARKER=%s:", count, marker != NULL ? marker : "(unset)");
  for (int i = 1; i < count; ++i) printf(" %s", arguments[i]);
  void* block = malloc(1000);
  printf("%s\n", block != NULL ? "" : " no memory");
  free(block);
  return 40 + count;
}
