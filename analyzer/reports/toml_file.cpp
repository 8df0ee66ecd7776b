#include "analyzer/reports/toml_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace heapscribe::reports {
namespace {

std::string contents_of(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    throw std::runtime_error("cannot read '" + path + "': it is a directory");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read '" + path + "': " + std::strerror(errno));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

toml::table read_toml(const std::string& path) {
  try {
    return toml::parse(contents_of(path), path);
  } catch (const toml::parse_error& error) {
    std::string what(error.description());
    what = what.substr(0, what.find('\n'));
    refuse(path, static_cast<std::int64_t>(error.source().begin.line), "this is not TOML: " + what);
  }
}

std::string text_of(const toml::node& node) {
  if (const auto string = node.value_exact<std::string>()) return '"' + *string + '"';
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  std::string line = text.str();
  return line.substr(0, line.find('\n'));
}

const toml::table& table_of(const toml::node& node, const std::string& path, std::string_view key) {
  if (const toml::table* table = node.as_table()) return *table;
  refuse(path, line_of(node), fmt::format("{} = {} is not a table", key, text_of(node)));
}

std::string string_of(const toml::node& node, const std::string& path, std::string_view key) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  refuse(path, line_of(node), fmt::format("{} = {} is not a string", key, text_of(node)));
}

}  // namespace heapscribe::reports
