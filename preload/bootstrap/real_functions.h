// The functions underneath ours: those of the next library in line (glibc, or an allocator that the
// program links or preloads). A field is nullptr when nobody else defines the function.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heapscribe::bootstrap {

struct RealFunctions {
#define REAL(field, symbol, result, parameters) result(*field) parameters;
#include "preload/bootstrap/functions.def"
#undef REAL
};

extern constinit RealFunctions real;

// True if every operator new and delete that the program can reach is ours or, underneath,
// libstdc++'s own, which are malloc and free in a few more words: then calls need not go through
// them.
extern constinit bool plain_operator_new;

// Looks everything up once. dlsym may allocate: such calls are served by the early heap.
void resolve_real_functions();

// True if blocks come from glibc itself.
bool is_glibc_underneath();

// Where operator new of a C++ library hides that was loaded for its users only (RTLD_LOCAL).
// nullptr if there is none. Takes the loader's lock: for the failure path only.
void* find_in_cxx_library(const char* symbol);

}  // namespace heapscribe::bootstrap
