#include "tests/analyzer/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "analyzer/render/printable.h"

namespace heapscribe::tests {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(HEAPSCRIBE_GOLDEN_FOLDER) + "/" + name;
  if (std::getenv("HEAPSCRIBE_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  EXPECT_EQ(read_file(path), text) << "HEAPSCRIBE_UPDATE_GOLDEN=1 accepts it into " << path;
}

void expect_width(const std::string& text, std::size_t width) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(render::text_width(line), width) << line;
  }
}

}  // namespace heapscribe::tests
