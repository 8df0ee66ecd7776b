// The part of a C++ function's name that a person reads first.
#pragma once

#include <string>
#include <string_view>

namespace heapscribe::render {

// Without return type, parameters and template arguments, printable:
//   void std::vector<int, std::allocator<int> >::push_back(int const&)  -> std::vector<>::push_back
// Names of other languages stay as they are.
std::string short_name(std::string_view function);

}  // namespace heapscribe::render
