/* Opens a file and writes into it which descriptor it got, then allocates. Meant to be started
   without standard input, output and error. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char** arguments) {
  if (count < 2) return 2;
  char text[100];
  const int file = open(arguments[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
  for (int i = 0; i < 5000; ++i) {
    void* block = malloc(50);
    if (i % 2 == 0) free(block);
  }
  snprintf(text, sizeof text, "the first file is descriptor %d\n", file);
  const ssize_t written = write(file, text, strlen(text));
  return written == (ssize_t)strlen(text) && close(file) == 0 ? 0 : 1;
}
