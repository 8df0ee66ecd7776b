// Two leaks, one of which the program itself calls known, as it would for LeakSanitizer.
#include <stdlib.h>

const char* __lsan_default_suppressions(void);
const char* __lsan_default_suppressions(void) {
  return "# for good\nleak:lose_as_known\n";
}

__attribute__((noinline)) static void lose_as_known(void) {
  if (malloc(33) == NULL) abort();
}
__attribute__((noinline)) static void lose_by_mistake(void) {
  if (malloc(44) == NULL) abort();
}

int main(void) {
  lose_as_known();
  lose_by_mistake();
  return 0;
}
