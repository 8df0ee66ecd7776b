/* many_threads together N: N threads alive at the same time, each of which allocates.
   many_threads sequence N: N threads one after the other.
   The resident memory goes to the file that the third argument names: it differs between runs. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_barrier_t everybody;

static void* allocate_three(void) {
  free(malloc(40));
  free(malloc(400));
  return malloc(24);
}

static void* meet(void* unused) {
  void* kept = allocate_three();
  pthread_barrier_wait(&everybody);
  pthread_barrier_wait(&everybody);
  free(kept);
  return unused;
}

static void* pass_by(void* unused) {
  free(allocate_three());
  return unused;
}

static long resident_kb(void) {
  char line[200];
  long kb = 0;
  FILE* status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status) != NULL) {
    if (strncmp(line, "VmRSS:", 6) == 0) kb = strtol(line + 6, NULL, 10);
  }
  fclose(status);
  return kb;
}

static void note(FILE* file) {
  fprintf(file, "%ld\n", resident_kb());
}

static int run_together(unsigned count, pthread_attr_t* attributes, FILE* file) {
  pthread_t* threads = calloc(count, sizeof *threads);
  pthread_barrier_init(&everybody, NULL, count + 1);
  note(file);
  for (unsigned i = 0; i < count; ++i) {
    if (pthread_create(&threads[i], attributes, meet, NULL) != 0) return 77;
  }
  pthread_barrier_wait(&everybody);
  note(file);
  pthread_barrier_wait(&everybody);
  for (unsigned i = 0; i < count; ++i) pthread_join(threads[i], NULL);
  free(threads);
  return 0;
}

static int run_sequence(unsigned count, pthread_attr_t* attributes, FILE* file) {
  for (unsigned i = 0; i < count; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, attributes, pass_by, NULL) != 0) return 77;
    pthread_join(thread, NULL);
    if (i == count / 10) note(file);
  }
  note(file);
  return 0;
}

int main(int count, char** arguments) {
  if (count < 4) return 2;
  const unsigned threads = (unsigned)strtoul(arguments[2], NULL, 10);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 << 10);
  FILE* file = fopen(arguments[3], "w");
  const int together = strcmp(arguments[1], "together") == 0;
  const int status = together ? run_together(threads, &attributes, file)
                              : run_sequence(threads, &attributes, file);
  fclose(file);
  printf("%u threads\n", threads);
  return status;
}
