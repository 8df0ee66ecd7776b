// Which frame of an allocation site is to blame: the innermost one that is not there to allocate.
#pragma once

#include <string_view>

#include "preload/capture/database.h"

namespace heapscribe::symbols {

// What a function is by its name.
enum class FunctionRole {
  Program,     // may be to blame
  Library,     // works for its caller: the C++ and Rust standard libraries, program start
  Allocation,  // hands out memory or takes it back: malloc, operator delete, and what projects wrap
               // around them
};

FunctionRole role_of_function(std::string_view name);

// True for the C and C++ runtime, the loader and allocators, whose callers are to blame.
bool is_runtime_module(std::string_view path);

// Stores in every site the address and frame to blame: the innermost program function outside
// runtime modules; without any, the innermost function that does not hand out memory; without any,
// the innermost frame. Needs `frame` to cover every address.
void assign_blame(capture::Database& recording);

}  // namespace heapscribe::symbols
