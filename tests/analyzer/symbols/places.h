// The fixture programs: run, and what they say about themselves.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "analyzer/symbols/module_symbols.h"

namespace heapscribe::symbols::places {

struct Place {
  std::int64_t offset = 0;  // return address
  int line = 0;
};

inline std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  char buffer[4096];
  for (std::size_t count = 0; (count = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    output.append(buffer, count);
  }
  ::pclose(pipe);
  return output;
}

inline std::string program(const std::string& name) {
  return std::string(FIXTURES) + "/" + name;
}

// Places by label.
inline std::map<std::string, Place> run(const std::string& name) {
  std::map<std::string, Place> places;
  std::istringstream lines(output_of(program(name)));
  std::string label;
  Place place;
  while (lines >> label >> std::hex >> place.offset >> std::dec >> place.line)
    places[label] = place;
  return places;
}

inline std::string build_id(const std::string& path) {
  const std::string notes = output_of("readelf -n '" + path + "' 2>/dev/null");
  const std::size_t at = notes.find("Build ID: ");
  return at == std::string::npos
             ? ""
             : notes.substr(at + 10, notes.find_first_of(" \n", at + 10) - at - 10);
}

// The line of places.cpp that holds `text`.
inline std::uint32_t line_with(const std::string& text) {
  std::ifstream source(std::string(FIXTURE_SOURCES) + "/places.cpp");
  std::uint32_t number = 0;
  for (std::string line; std::getline(source, line);) {
    ++number;
    if (line.find(text) != std::string::npos) return number;
  }
  return 0;
}

// A directory of its own for the files that a test makes.
class Workshop {
 public:
  Workshop() {
    std::string name = ::testing::TempDir() + "heapscribe-symbols-XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  ~Workshop() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string copy(const std::string& from, const std::string& as) const {
    std::filesystem::create_directories(std::filesystem::path(path(as)).parent_path());
    std::filesystem::copy_file(from, path(as), std::filesystem::copy_options::overwrite_existing);
    return path(as);
  }
  static bool objcopy(const std::string& arguments) {
    return std::system((std::string(OBJCOPY) + " " + arguments).c_str()) == 0;
  }

 private:
  std::string directory_;
};

// What is known about one return address.
struct Answer {
  ModuleSymbols symbols;

  std::size_t frames() const { return symbols.frames.at(0).size(); }
  const Frame& frame(std::size_t depth) const { return symbols.frames.at(0).at(depth); }
  std::string function(std::size_t depth = 0) const {
    if (depth >= frames()) return "";
    const std::uint32_t number = frame(depth).function;
    return number == StringTable::kNone ? "" : symbols.functions.at(number);
  }
  std::string file(std::size_t depth = 0) const {
    if (depth >= frames()) return "";
    const std::uint32_t number = frame(depth).file;
    return number == StringTable::kNone ? "" : symbols.files.at(number);
  }
};

inline Answer ask(const ModuleIdentity& module, std::int64_t offset,
                  const SearchOptions& options = {}) {
  const std::uint64_t lookup = lookup_address(offset);
  return {read_module_symbols(module, options, {&lookup, 1}, {})};
}

}  // namespace heapscribe::symbols::places
