/* What libcounting.so leaves behind: one file for each program image, named COUNTS_DIR/PID.N where
   N counts the images that a process has run (0, then 1 after an exec, ...). Written through a
   shared mapping, so it is complete however the process ends. */
#pragma once

#include <stdint.h> /* NOLINT(modernize-deprecated-headers): also read by C */

#define COUNTS_DIRECTORY_VARIABLE "COUNTS_DIR"

/* The convention is valgrind's: a realloc of an existing block is one allocation and one free, its
   whole new size is added to the bytes; realloc(p, 0) only frees; failed calls do not count. */
struct counts {
  uint64_t allocations;
  uint64_t frees;
  uint64_t bytes;
  uint64_t reallocations; /* of existing blocks */
  uint64_t failed;
  char program[64];
};
