/* Closes every descriptor above 2 as daemons do, opens a file of its own, allocates much on many
   threads' worth of paths, and writes exactly nine bytes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void allocate_much(void) {
  for (int i = 0; i < 40000; ++i) {
    void* block = malloc((size_t)(i % 500));
    if (i % 3 != 0) free(block);
  }
}

int main(int count, char** arguments) {
  if (count < 2) return 2;
  allocate_much();
  closefrom(3);
  const int file = open(arguments[1], O_RDWR | O_CREAT | O_TRUNC, 0644);
  allocate_much();
  if (write(file, "123456789", 9) != 9) return 1;
  allocate_much();
  printf("the first file is descriptor %d\n", file);
  return 0;
}
