/* Becomes a daemon: the first process exits at once with status 4, the second, in a session of its
   own and with /dev/null as standard streams, allocates, waits for the file "go", and leaves the
   file "daemon done". */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void detach(void) {
  setsid();
  const int nothing = open("/dev/null", O_RDWR);
  for (int descriptor = 0; descriptor < 3; ++descriptor) dup2(nothing, descriptor);
  close(nothing);
}

static void allocate_some(void) {
  for (int i = 0; i < 1000; ++i) {
    if (malloc(100) == NULL) exit(1);
  }
}

static void wait_for(const char* name) {
  const struct timespec pause = {.tv_sec = 0, .tv_nsec = 2000000};
  for (int i = 0; i < 30000 && access(name, F_OK) != 0; ++i) nanosleep(&pause, NULL);
}

int main(void) {
  allocate_some();
  puts("going to the background");
  fflush(stdout);
  if (fork() != 0) return 4;
  detach();
  allocate_some();
  wait_for("go");
  close(open("daemon done", O_WRONLY | O_CREAT, 0644));
  return 0;
}
