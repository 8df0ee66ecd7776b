// Numbers as text, for what is packed into one value so that SQLite's json_each can read it.
#pragma once

#include <charconv>
#include <string>

namespace heapscribe::capture {

template <typename Integer>
void append_number(std::string& text, Integer number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  text.append(digits, end.ptr);
}

}  // namespace heapscribe::capture
