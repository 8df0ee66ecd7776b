/* A program that was built twice: REBUILT moves every line and adds a function. It keeps what it
   allocates; the rebuilt one keeps twice as much in grow_table. */
#include <stdio.h>
#include <stdlib.h>

#if REBUILT
static void* log_entry(void) {
  return malloc(50);
}

#endif

void* kept[100];
static int used;

static void keep(void* block) {
  kept[used++] = block;
}

static void read_settings(void) {
  keep(malloc(300));
  keep(malloc(200));
}

static void grow_table(int times) {
  for (int i = 0; i < times; ++i) keep(malloc(1000));
}

int main(void) {
  read_settings();
#if REBUILT
  keep(log_entry());
  grow_table(20);
#else
  grow_table(10);
#endif
  printf("%d blocks kept\n", used);
  return 0;
}
