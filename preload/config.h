// The settings, as the environment gave them when the library started.
#pragma once

namespace heapscribe {

struct Config {
#define OPTION(field, variable, initial, help) const char* field = initial;
#include "preload/config.def"
#undef OPTION
};

extern constinit Config config;

// Reads HEAPSCRIBE_* from `environment`. The strings stay where they are.
void read_config(char** environment);

// Gives the program the environment that it would have had: HEAPSCRIBE_* disappear, and so does
// this library's entry in LD_PRELOAD; the user's own entries stay. Edits in place.
void clean_environment(char** environment);

// True for an LD_PRELOAD entry that names this library.
bool names_this_library(const char* begin, const char* end);

}  // namespace heapscribe
