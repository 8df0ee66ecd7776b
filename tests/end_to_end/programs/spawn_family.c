/* Starts other programs by posix_spawn, posix_spawnp, system and popen, and shows what they said.
 */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static char* words[] = {"echo", "spawned", NULL};

static void report(const char* how, pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  printf("%s: exit status %d\n", how, WEXITSTATUS(status));
  fflush(stdout);
}

static void by_popen(void) {
  char line[100] = "";
  FILE* stream = popen("echo through a pipe; echo \"LD_PRELOAD=$LD_PRELOAD\"", "r");
  while (fgets(line, sizeof line, stream) != NULL) {
    line[strcspn(line, "\n")] = 0;
    printf("popen said: %.10s\n", line);
  }
  printf("pclose: %d\n", WEXITSTATUS(pclose(stream)));
}

int main(void) {
  pid_t child = 0;
  if (posix_spawn(&child, "/bin/echo", NULL, NULL, words, environ) == 0) report("spawn", child);
  if (posix_spawnp(&child, "echo", NULL, NULL, words, environ) == 0) report("spawnp", child);
  printf("spawn of nothing: %s\n",
         strerror(posix_spawn(&child, "/nonexistent", NULL, NULL, words, environ)));
  fflush(stdout);
  printf("system: %d\n", WEXITSTATUS(system("echo from the shell; exit 3")));
  by_popen();
  for (int i = 0; i < 100; ++i) {
    if (malloc(100) == NULL) return 1;
  }
  return 0;
}
