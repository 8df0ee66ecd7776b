// Arguments that must reach a program exactly as they were typed. CLI11 reads "[a,b]" as a list and
// takes it apart; a mark in front keeps it whole on its way through.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heapscribe::cli {

inline constexpr char kLiteralMark = '\x01';

inline std::string marked(std::string_view argument) {
  const bool misread = argument.starts_with('[') || argument.starts_with(kLiteralMark);
  return misread ? kLiteralMark + std::string(argument) : std::string(argument);
}

inline std::string unmarked(const std::string& argument) {
  return argument.starts_with(kLiteralMark) ? argument.substr(1) : argument;
}

// argv[1..] with everything behind `run` marked, in the order in which CLI11 wants a vector: the
// last first. The `--` of `compare` stands between two lists, and CLI11 would drop it.
inline std::vector<std::string> marked_in_reverse(int argc, char** argv) {
  const bool runs_program = argc > 1 && std::string_view(argv[1]) == "run";
  const bool compares = argc > 1 && std::string_view(argv[1]) == "compare";
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i) {
    const bool separates = compares && std::string_view(argv[i]) == "--";
    const std::string argument = separates ? "--after" : argv[i];
    arguments.push_back(runs_program ? marked(argument) : argument);
  }
  return arguments;
}

}  // namespace heapscribe::cli
