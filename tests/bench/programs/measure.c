// Runs a program and prints what it and everything it started cost:
//   measure RESULT_FILE [NAME=VALUE...] PROGRAM ARGUMENTS...
// The file gets "wall_ns cpu_ns peak_kb status": wall time until the program itself ended, CPU of
// all its descendants (orphans come to us, so a collector beside it is counted), the largest
// resident set of any one process among them, and the exit status (128 + n after signal n).
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long nanoseconds(struct timeval time) {
  return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  FILE* result = fopen(argv[1], "we");
  if (result == NULL || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    perror("measure");
    return 2;
  }
  const long long begin = now();
  const pid_t program = fork();
  if (program < 0) return 2;
  if (program == 0) {
    char** arguments = argv + 2;
    while (*arguments != NULL && strchr(*arguments, '=') != NULL) putenv(*arguments++);
    if (*arguments != NULL) execvp(*arguments, arguments);
    perror("measure: cannot start the program");
    _exit(127);
  }
  long long end = begin;
  int status = 0;
  for (;;) {
    int ended = 0;
    const pid_t pid = wait(&ended);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) break;  // nobody is left
    if (pid != program) continue;
    end = now();
    status = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
  }
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  fprintf(result, "%lld %lld %ld %d\n", end - begin,
          nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime), usage.ru_maxrss, status);
  return fclose(result) == 0 ? 0 : 2;
}
