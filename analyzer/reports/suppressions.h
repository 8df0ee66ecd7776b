// Leaks that somebody has decided to live with, in LeakSanitizer's format: a line "leak:PATTERN"
// each, blank lines and lines that begin with # aside. A pattern is part of a function's name, a
// source file's or a module's path in any frame; * stands for anything, ^ and $ for begin and end.
// Beyond LeakSanitizer, \* is a star, as in the names of C++ functions that take pointers. A frame
// without a name fits nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/model/stack_table.h"

namespace heapscribe::reports {

struct Suppression {
  std::string pattern;
  std::string origin;  // "file:12", "the program", "heapscribe"
  std::int64_t blocks = 0, bytes = 0, hits = 0;
};

class Suppressions {
 public:
  // Throws std::runtime_error with one sentence for a line that is none, naming `origin` and line.
  void add(std::string_view text, const std::string& origin);
  void add_file(const std::string& path);
  // What libc and the loader keep on purpose.
  void add_built_in();

  // The first one that fits; nullptr if none does.
  Suppression* find(const model::SiteStack& stack);
  const std::vector<Suppression>& all() const { return all_; }

 private:
  std::size_t first_for(const model::Frame& frame);

  std::vector<Suppression> all_;
  std::unordered_map<std::string, std::size_t> first_;  // by the names of a frame; see first_for
};

bool matches_pattern(std::string_view pattern, std::string_view text);
// The pattern that fits this name only.
std::string pattern_for(std::string_view name);

}  // namespace heapscribe::reports
