/* Shows what a program can see of the way it was started, then the same in a child of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static void show(const char* who) {
  const char* preload = getenv("LD_PRELOAD");
  printf("%s: LD_PRELOAD %s\n", who, preload != NULL ? preload : "(unset)");
  for (char** entry = environ; *entry != NULL; ++entry) {
    if (strncmp(*entry, "HEAPSCRIBE", 10) == 0) printf("%s: %s\n", who, *entry);
  }
  fflush(stdout);
}

int main(int count, char** arguments) {
  if (count > 1) {
    show("child");
    return 0;
  }
  show("parent");
  const pid_t child = fork();
  if (child == 0) {
    execl(arguments[0], arguments[0], "child", (char*)NULL);
    _exit(127);
  }
  waitpid(child, NULL, 0);
  return 0;
}
