// A POSIX extended regular expression. Not std::regex: that recurses once per character, and a
// recording may hold names of 64 KB.
#pragma once

#include <regex.h>

#include <memory>
#include <string>

namespace heapscribe::model {

class Pattern {
 public:
  // Throws std::runtime_error with one sentence if `expression` is not valid.
  explicit Pattern(const std::string& expression);
  bool found_in(const std::string& text) const;

 private:
  struct Free {
    void operator()(regex_t* regex) const {
      regfree(regex);
      delete regex;
    }
  };
  std::unique_ptr<regex_t, Free> regex_;
};

// `text` with everything escaped that Pattern would interpret.
std::string literal_pattern(const std::string& text);

}  // namespace heapscribe::model
