// Threads that wait in every way that a signal would end, and one that waits for signals. A wait
// that fails, or a signal that nobody sent, ends the program with 7.
//
//   waiting_threads      for a moment, then main returns
//   waiting_threads SECONDS   losing a block every millisecond meanwhile
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static atomic_int waiting;

static void must(int well, const char* what) {
  if (well) return;
  dprintf(2, "%s: errno %d\n", what, errno);
  _exit(7);
}

static void* polls(void* unused) {
  for (waiting++;;) must(poll(NULL, 0, 500) == 0, "poll");
  return unused;
}
static void* polls_for_long(void* unused) {
  for (waiting++;;) must(poll(NULL, 0, 3600000) == 0, "long poll");
  return unused;
}
static void* waits_for_events(void* unused) {
  const int instance = epoll_create1(0);
  struct epoll_event event;
  for (waiting++;;) must(epoll_wait(instance, &event, 1, -1) == 0, "epoll_wait");
  return unused;
}
static void* selects(void* unused) {
  for (waiting++;;) {
    struct timeval time = {0, 300000};
    must(select(0, NULL, NULL, NULL, &time) == 0, "select");
  }
  return unused;
}
static void* sleeps(void* unused) {
  for (waiting++;;) {
    const struct timespec time = {3600, 0};
    must(nanosleep(&time, NULL) == 0, "nanosleep");
  }
  return unused;
}
static void* receives(void* unused) {
  int pair[2];
  const struct timeval limit = {0, 400000};
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
  setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  char letter;
  for (waiting++;;) must(recv(pair[0], &letter, 1, 0) == -1 && errno == EAGAIN, "recv");
  return unused;
}
static void* waits_for_semaphore(void* unused) {
  sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  for (waiting++;;) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    must(sem_timedwait(&semaphore, &until) == -1 && errno == ETIMEDOUT, "sem_timedwait");
  }
  return unused;
}
static void* pauses(void* unused) {
  waiting++;
  must(pause() == 0, "pause");
  return unused;
}
static void* waits_for_signals(void* unused) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  int signal = 0;
  waiting++;
  sigwait(&all, &signal);
  must(0, "sigwait");
  return unused;
}

__attribute__((noinline)) static void lose_one(void) {
  if (malloc(41) == NULL) _exit(8);
}

int main(int argc, char** argv) {
  void* (*const ways[])(void*) = {
      polls,    polls_for_long, waits_for_events,    selects,          sleeps,
      receives, pauses,         waits_for_semaphore, waits_for_signals};
  enum { kWays = sizeof ways / sizeof *ways };
  for (int i = 0; i < kWays; ++i) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, ways[i], NULL) == 0, "pthread_create");
  }
  while (waiting < kWays) usleep(1000);
  usleep(20000);
  const long milliseconds = argc > 1 ? 1000 * atol(argv[1]) : 0;
  for (long i = 0; i < milliseconds; ++i) {
    lose_one();
    usleep(1000);
  }
  puts("done");
  return 0;
}
