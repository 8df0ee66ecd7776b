/* Allocates 100 blocks, prints a line, and ends in the way that its argument names. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void allocate_some(void) {
  for (int i = 0; i < 100; ++i) {
    void* block = malloc(77);
    if (i % 4 == 0) free(block);
  }
}

static void allocate_at_exit(void) {
  allocate_some();
}

static void* exit_in_thread(void* unused) {
  allocate_some();
  exit(13);
  return unused;
}

static void* outlive_main(void* main_thread) {
  pthread_join(*(pthread_t*)main_thread, NULL);
  allocate_some();
  puts("main is gone");
  return NULL;
}

static void start(void* (*function)(void*), void* argument) {
  pthread_t thread;
  pthread_create(&thread, NULL, function, argument);
}

static void die_by_fault(void) {
  volatile int* nowhere = (volatile int*)8;
  *nowhere = 1;
}

int main(int count, char** arguments) {
  static pthread_t self;
  if (count < 2) return 2;
  const char* how = arguments[1];
  self = pthread_self();
  atexit(allocate_at_exit);
  at_quick_exit(allocate_at_exit);
  allocate_some();
  puts("ready");
  fflush(stdout);
  if (strcmp(how, "return") == 0) return 11;
  if (strcmp(how, "exit") == 0) exit(12);
  if (strcmp(how, "_exit") == 0) _exit(14);
  if (strcmp(how, "_Exit") == 0) _Exit(15);
  if (strcmp(how, "quick_exit") == 0) quick_exit(16);
  if (strcmp(how, "exit_group") == 0) syscall(SYS_exit_group, 17);
  if (strcmp(how, "abort") == 0) abort();
  if (strcmp(how, "fault") == 0) die_by_fault();
  if (strcmp(how, "terminate") == 0) raise(SIGTERM);
  if (strcmp(how, "kill") == 0) raise(SIGKILL);
  if (strcmp(how, "exit-in-thread") == 0) {
    start(exit_in_thread, NULL);
    for (;;) pause();
  }
  if (strcmp(how, "pthread_exit") == 0) {
    start(outlive_main, &self);
    pthread_exit(NULL);
  }
  return 3;
}
