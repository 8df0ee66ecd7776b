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
//
// Behind the environment's end the kernel has put the auxiliary vector, and some programs look for
// it there (Go's runtime). The places that become free are filled with entries to be ignored; these
// come in pairs, so an odd variable stays: an empty LD_PRELOAD, as a rule. `run` sees to an even
// number.
void clean_environment(char** environment);

// True for an LD_PRELOAD entry that names this library.
bool names_this_library(const char* begin, const char* end);

}  // namespace heapscribe
