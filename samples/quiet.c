/* A program that takes nothing from the heap.

   To be found: nothing. Every report is empty and says so; nothing fails. */
#include <unistd.h>

int main(void) {
  return write(STDOUT_FILENO, "quiet\n", 6) == 6 ? 0 : 1;
}
