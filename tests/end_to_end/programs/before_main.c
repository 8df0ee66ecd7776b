/* Allocates before anything else runs: in an IFUNC resolver, in DT_PREINIT_ARRAY, in a constructor
   of priority 101, which also calls dlsym with names that do not exist. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void* from_resolver;
static void* from_preinit;
static void* from_constructor;
static int unknown_names;

static int forty_two(void) {
  return 42;
}

static int (*resolve_answer(void))(void) {
  from_resolver = malloc(1001);
  return forty_two;
}
int answer(void) __attribute__((ifunc("resolve_answer")));

static void preinit(void) {
  from_preinit = calloc(1, 1002);
  from_preinit = realloc(from_preinit, 2002);
}
__attribute__((section(".preinit_array"), used)) static void (*preinit_entry)(void) = preinit;

__attribute__((constructor(101))) static void construct(void) {
  from_constructor = aligned_alloc(64, 1024);
  for (int i = 0; i < 500; ++i) {
    char name[40];
    snprintf(name, sizeof name, "no_such_function_%d", i);
    unknown_names += dlsym(RTLD_DEFAULT, name) == NULL && dlerror() != NULL;
    unknown_names += dlsym(RTLD_NEXT, name) == NULL && dlerror() != NULL;
  }
}

__attribute__((destructor(101))) static void destroy(void) {
  free(from_constructor);
  free(malloc(1003));
}

int main(void) {
  printf("answer %d, resolver %d, preinit %d, constructor %d, unknown names %d\n", answer(),
         from_resolver != NULL, from_preinit != NULL, from_constructor != NULL, unknown_names);
  free(from_resolver);
  free(from_preinit);
  return 0;
}
