/* What every program of the corpus shares: a program holds some cases, argv[1] names the one to
   run. Nothing here allocates. */
#pragma once
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* A function that findings are attributed to: it keeps its name, its frame and its calls. */
#ifdef __clang__
#define NAMED __attribute__((noinline))
#else
#define NAMED __attribute__((noipa))
#endif

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct leak_case {
  const char* name;
  void (*run)(void);
};

/* Every byte of a block is overwritten, so that no pointer is left in it from an earlier use. */
static inline void* filled(void* block, size_t size) {
  memset(block, 0x11, size);
  return block;
}

/* The compiler must take it that `pointer` is used here. */
static inline void use(const void* pointer) {
  __asm__ volatile("" : : "r"(pointer) : "memory");
}

static inline int run_case(const struct leak_case* cases, size_t number, int count,
                           char** arguments) {
  for (size_t i = 0; count == 2 && i < number; ++i) {
    if (strcmp(arguments[1], cases[i].name) == 0) {
      cases[i].run();
      return 0;
    }
  }
  if (count == 2 && strcmp(arguments[1], "--list") == 0) {
    for (size_t i = 0; i < number; ++i) puts(cases[i].name);
    return 0;
  }
  fprintf(stderr, "usage: %s CASE, or --list\n", arguments[0]);
  return 2;
}

#define MAIN_WITH_CASES(...)                                   \
  int main(int count, char** arguments) {                      \
    static const struct leak_case cases[] = {__VA_ARGS__};     \
    return run_case(cases, COUNT_OF(cases), count, arguments); \
  }
