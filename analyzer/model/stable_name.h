// What functions and calls are called in every build of a program: names of functions, without
// addresses, lines, folders and what compilers append to the names of clones.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "analyzer/model/stack_table.h"

namespace heapscribe::model {

// What a frame is called in two builds; `same_build` = its module is the same file in both, so that
// functions without a name are told apart by their offset. Else a module has but one of them.
std::string stable_name(const Frame& frame, bool same_build);

// What a person reads first of a C++ function's name: without return type, parameters and template
// arguments.
//   void std::vector<int, std::allocator<int> >::push_back(int const&)  -> std::vector<>::push_back
// Names of other languages stay as they are.
std::string_view longest_readable(std::string_view function);  // of a huge symbol, the beginning
std::string name_without_arguments(std::string_view function);

// What runs before main or a thread's function.
bool is_startup(const Frame& frame);

// `stack` with the blame on the nearest caller that is not the C++ library's, if there is one:
// which of the library's functions allocate changes with its version.
SiteStack blaming_own_code(SiteStack stack);

// Between the calls of a path.
inline constexpr std::string_view kCalls = " > ";

// Call paths as text, "main > serve > Cache<>::insert": outermost call first, the frame to blame
// last. Each function stands once, at its innermost call, so that the depth of a recursion does not
// matter; callers without a name, those in the C++ library and what runs before main are left out.
// Printable ASCII: another byte is a question mark.
class CallPaths {
 public:
  std::string of(const SiteStack& stack);

 private:
  const std::string& name_of(const Frame& frame);

  std::unordered_map<const Frame*, std::string> names_;
};

}  // namespace heapscribe::model
