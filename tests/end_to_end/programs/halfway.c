/* Allocates 5000 blocks, says so by creating the file "halfway", waits for the file "go", allocates
   5000 more, and writes what it did into "done". All files are in the current folder. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void allocate_half(void) {
  for (int i = 0; i < 5000; ++i) {
    void* block = malloc(64);
    if (i % 2 == 0) free(block);
  }
}

static void write_file(const char* name, const char* text) {
  const int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (write(file, text, strlen(text)) < 0) _exit(9);
  close(file);
}

/* A minute at most, which only a hang can take. */
static void wait_for(const char* name) {
  const struct timespec pause = {.tv_sec = 0, .tv_nsec = 2000000};
  for (int i = 0; i < 30000 && access(name, F_OK) != 0; ++i) nanosleep(&pause, NULL);
}

int main(void) {
  allocate_half();
  char pid[32];
  snprintf(pid, sizeof pid, "%d", (int)getpid());
  write_file("halfway", pid);
  wait_for("go");
  allocate_half();
  write_file("done.new", "unharmed");
  return rename("done.new", "done");
}
