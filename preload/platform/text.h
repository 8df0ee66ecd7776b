// Text in a fixed buffer, for code that has neither heap nor stdio. Too long text is cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace heapscribe::platform {

template <std::size_t Capacity>
class Text {
 public:
  Text& operator<<(std::string_view part) {
    for (const char c : part) {
      if (size_ + 1 < Capacity) data_[size_++] = c;
    }
    data_[size_] = '\0';
    return *this;
  }

  Text& operator<<(std::uint64_t number) {
    char digits[20];
    std::size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    while (count > 0) *this << std::string_view(&digits[--count], 1);
    return *this;
  }

  Text& hex(std::uint64_t number) {
    for (int shift = 60; shift >= 0; shift -= 4) {
      *this << std::string_view(&"0123456789abcdef"[(number >> shift) & 15U], 1);
    }
    return *this;
  }

  void cut(std::size_t size) {
    if (size < size_) data_[size_ = size] = '\0';
  }
  char* c_str() { return data_; }
  std::string_view view() const { return {data_, size_}; }

 private:
  char data_[Capacity] = {};
  std::size_t size_ = 0;
};

}  // namespace heapscribe::platform
