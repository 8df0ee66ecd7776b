// Numbers on their way into SQLite: as it takes them, and as text for what is packed into one value
// so that json_each can read it.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>

namespace heapscribe::capture {

// SQLite has signed integers only.
constexpr std::int64_t integer(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

template <typename Integer>
void append_number(std::string& text, Integer number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  text.append(digits, end.ptr);
}

// One more row "[1,2,3]" of a list that was begun with "[".
template <typename First, typename... Others>
void append_row(std::string& list, First first, Others... others) {
  list += list.size() > 1 ? ",[" : "[";
  append_number(list, first);
  ((list += ',', append_number(list, others)), ...);
  list += ']';
}

}  // namespace heapscribe::capture
