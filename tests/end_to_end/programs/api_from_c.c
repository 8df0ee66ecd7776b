/* heapscribe.h from C. What is allocated where is fixed and the tests know it; the output is the
   same with and without the library, so that runs can be compared.

   usage: api_from_c nested | repeated N | names N | unbalanced | ended-twice | fork | moments |
   roots [register] | paused | counters */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heapscribe/heapscribe.h"

static void* kept[64];

static void keep(int from, int count, size_t bytes) {
  for (int i = 0; i < count; ++i) kept[from + i] = malloc(bytes);
}

static void waste(int count, size_t bytes) {
  for (int i = 0; i < count; ++i) free(malloc(bytes));
}

/* outer: 10 kept blocks of 100 bytes; inner within it, three times: 5 of 40 bytes, freed at once.
   inner by itself: 2 of 30 bytes, kept. Outside: 7 of 8 bytes, and 4 of outer's blocks freed. */
static void nested(void) {
  heapscribe_entry outer = heapscribe_section_begin("outer");
  keep(0, 10, 100);
  for (int i = 0; i < 3; ++i) {
    heapscribe_entry inner = heapscribe_section_begin("inner");
    waste(5, 40);
    heapscribe_section_end(inner);
  }
  heapscribe_section_end(outer);
  keep(10, 7, 8);
  heapscribe_entry alone = heapscribe_section_begin("inner");
  keep(20, 2, 30);
  heapscribe_section_end(alone);
  for (int i = 0; i < 4; ++i) free(kept[i]);
}

static void repeated(int times) {
  for (int i = 0; i < times; ++i) {
    heapscribe_entry entry = heapscribe_section_begin("loop");
    if (i % 1000 == 0) waste(1, 16);
    heapscribe_section_end(entry);
  }
}

static void names(int count) {
  for (int i = 0; i < count; ++i) {
    char name[32];
    sprintf(name, "section %d", i);
    heapscribe_entry entry = heapscribe_section_begin(name);
    waste(1, 16);
    heapscribe_section_end(entry);
  }
}

static jmp_buf out;

static void recurse(int depth) {
  heapscribe_entry entry = heapscribe_section_begin("recursion");
  waste(1, 24);
  if (depth > 1) recurse(depth - 1);
  heapscribe_section_end(entry);
}

/* Left by longjmp, ended twice, and recursion: 100 blocks of 24 bytes. After all that, 3 blocks of
   50 bytes belong to no section. */
static void unbalanced(void) {
  heapscribe_entry outer = heapscribe_section_begin("jumped over");
  if (setjmp(out) == 0) {
    heapscribe_section_begin("never ended");
    waste(2, 60);
    longjmp(out, 1);
  }
  heapscribe_section_end(outer);
  heapscribe_section_end(outer);
  heapscribe_section_end(heapscribe_no_entry());
  recurse(100);
  waste(3, 50);
}

/* The second end of "first" comes within "second", which has 3 blocks of 10 bytes. */
static void ended_twice(void) {
  heapscribe_entry first = heapscribe_section_begin("first");
  heapscribe_section_end(first);
  heapscribe_entry second = heapscribe_section_begin("second");
  waste(1, 10);
  heapscribe_section_end(first);
  waste(1, 10);
  heapscribe_entry within = heapscribe_section_begin("within");
  heapscribe_section_end(first);
  waste(1, 10);
  heapscribe_section_end(within);
  heapscribe_section_end(second);
  waste(1, 10);
}

static void fork_inside(void) {
  heapscribe_entry entry = heapscribe_section_begin("forks");
  keep(0, 1, 100);
  pid_t child = fork();
  if (child == 0) {
    if (heapscribe_is_active()) _exit(1);
    heapscribe_entry inner = heapscribe_section_begin("in the child");
    keep(1, 10, 100);
    heapscribe_section_end(inner);
    heapscribe_section_end(entry);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  keep(1, 1, 100);
  heapscribe_section_end(entry);
  puts(status == 0 ? "the child is not recorded" : "the child is recorded");
}

static void moments(void) {
  heapscribe_marker("begin");
  keep(0, 10, 1000);
  heapscribe_snapshot("ten blocks");
  usleep(300 * 1000);
  keep(10, 10, 1000);
  heapscribe_marker("twenty\nblocks");
  heapscribe_snapshot(NULL);
}

/* A block whose only pointer lies in a mapping whose address nobody can read. */
static volatile unsigned long hidden;

static void roots(int registered) {
  void** mapping = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  hidden = ~(unsigned long)mapping;
  mapping[5] = malloc(12345);
  if (registered) heapscribe_add_root(mapping, 4096);
  int removed = heapscribe_remove_root(kept);
  mapping = NULL;
  if (removed) puts("removed what was never added");
}

/* 3 blocks before, 4 while paused, 5 after; one of the first is freed while paused, one resized. */
static void paused(void) {
  keep(0, 3, 100);
  heapscribe_pause_recording();
  keep(10, 4, 200);
  free(kept[0]);
  kept[1] = realloc(kept[1], 300);
  free(kept[10]);
  heapscribe_resume_recording();
  free(kept[11]);
  keep(20, 5, 100);
}

/* Prints the same whether the numbers are known or not. */
static void counters(void) {
  heapscribe_counters before, after, section;
  int known = heapscribe_thread_counters(&before);
  heapscribe_entry entry = heapscribe_section_begin("counted");
  keep(0, 6, 100);
  free(kept[0]);
  int in_section = heapscribe_section_counters(heapscribe_section_here(), &section);
  heapscribe_section_end(entry);
  heapscribe_thread_counters(&after);
  int right = known == in_section;
  if (known) {
    right = right && after.allocations - before.allocations == 6 &&
            after.allocated_bytes - before.allocated_bytes == 600 &&
            after.frees - before.frees == 1 && after.live_blocks - before.live_blocks == 5 &&
            section.allocations == 6 && section.freed_bytes == 100 && section.live_bytes == 500;
  } else {
    right = right && after.allocations == 0 && section.live_bytes == 0;
  }
  puts(right ? "counters are right" : "counters are wrong");
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  const int number = argc > 2 ? atoi(argv[2]) : 0;
  if (strcmp(what, "nested") == 0) nested();
  if (strcmp(what, "repeated") == 0) repeated(number);
  if (strcmp(what, "names") == 0) names(number);
  if (strcmp(what, "unbalanced") == 0) unbalanced();
  if (strcmp(what, "ended-twice") == 0) ended_twice();
  if (strcmp(what, "fork") == 0) fork_inside();
  if (strcmp(what, "moments") == 0) moments();
  if (strcmp(what, "roots") == 0) roots(argc > 2);
  if (strcmp(what, "paused") == 0) paused();
  if (strcmp(what, "counters") == 0) counters();
  if (strcmp(what, "active") == 0) puts(heapscribe_is_active() ? "active" : "absent");
  return 0;
}
