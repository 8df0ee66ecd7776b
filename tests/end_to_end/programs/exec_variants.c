/* Allocates 100 blocks and becomes exec_landing by the exec function that is named first; the
   second argument is the landing program, whose folder is also PATH for the functions that search.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEN "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"

static char* list[] = {"landing", "a", "b", "c", NULL};
static char* given[] = {"MARKER=given", NULL};

static void allocate_some(void) {
  for (int i = 0; i < 100; ++i) {
    if (malloc(10) == NULL) exit(1);
  }
}

/* A failed exec returns, with errno, and the program goes on. */
static void fail_first(void) {
  errno = 0;
  execv("/nonexistent/program", list);
  printf("failed exec: %s\n", strerror(errno));
  fflush(stdout);
  allocate_some();
}

/* As a runtime without libc does it. */
static void exec_past_libc(const char* path) {
  long result = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(59L), "D"(path), "S"(list), "d"(given)
                   : "rcx", "r11", "memory");
}

static void leave(const char* how, const char* path, const char* name) {
  if (strcmp(how, "execl") == 0) execl(path, "landing", "x", (char*)NULL);
  if (strcmp(how, "execl-many") == 0) {
    execl(path, "landing", TEN, TEN, TEN, TEN, (char*)NULL);
  }
  if (strcmp(how, "execle") == 0) execle(path, "landing", "x", "y", (char*)NULL, given);
  if (strcmp(how, "execlp") == 0) execlp(name, "landing", TEN, (char*)NULL);
  if (strcmp(how, "execv") == 0) execv(path, list);
  if (strcmp(how, "execve") == 0) execve(path, list, given);
  if (strcmp(how, "execvp") == 0) execvp(name, list);
  if (strcmp(how, "execvpe") == 0) execvpe(name, list, given);
  if (strcmp(how, "fexecve") == 0) fexecve(open(path, O_RDONLY | O_CLOEXEC), list, given);
  if (strcmp(how, "execveat") == 0) execveat(AT_FDCWD, path, list, given, 0);
  if (strcmp(how, "raw") == 0) exec_past_libc(path);
  if (strcmp(how, "failed") == 0) fail_first();
}

int main(int count, char** arguments) {
  if (count < 3) return 2;
  setenv("MARKER", "inherited", 1);
  static char folder[4096];
  strncpy(folder, arguments[2], sizeof folder - 1);
  setenv("PATH", dirname(folder), 1);
  allocate_some();
  leave(arguments[1], arguments[2], "exec_landing");
  puts("still here");
  return 3;
}
