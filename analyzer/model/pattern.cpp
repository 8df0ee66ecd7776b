#include "analyzer/model/pattern.h"

#include <array>
#include <stdexcept>
#include <string_view>

namespace heapscribe::model {

Pattern::Pattern(const std::string& expression) {
  auto regex = std::make_unique<regex_t>();
  const int code = regcomp(regex.get(), expression.c_str(), REG_EXTENDED | REG_NOSUB);
  if (code != 0) {
    std::array<char, 256> reason{};
    regerror(code, regex.get(), reason.data(), reason.size());
    throw std::runtime_error("'" + expression + "' is not a regular expression: " + reason.data());
  }
  regex_.reset(regex.release());
}

bool Pattern::found_in(const std::string& text) const {
  return regexec(regex_.get(), text.c_str(), 0, nullptr, 0) == 0;
}

std::string literal_pattern(const std::string& text) {
  constexpr std::string_view kSpecial = R"(.[]{}()\*+?^$|)";
  std::string pattern;
  for (const char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace heapscribe::model
