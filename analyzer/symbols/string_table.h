// Equal strings become one number.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace heapscribe::symbols {

class StringTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  StringTable() = default;
  StringTable(StringTable&&) = default;
  StringTable& operator=(StringTable&&) = default;

  std::uint32_t intern(std::string_view text) {
    const auto found = numbers_.find(text);
    if (found != numbers_.end()) return found->second;
    const auto number = static_cast<std::uint32_t>(strings_.size());
    strings_.emplace_back(text);
    numbers_.emplace(strings_.back(), number);
    return number;
  }

  const std::string& at(std::uint32_t number) const { return strings_.at(number); }
  std::uint32_t size() const { return static_cast<std::uint32_t>(strings_.size()); }

 private:
  std::deque<std::string> strings_;  // a deque: the keys below point into it
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

}  // namespace heapscribe::symbols
