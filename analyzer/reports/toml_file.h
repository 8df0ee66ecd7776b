// Files in TOML that people write: whatever is wrong with one is a sentence with file and line.
#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace heapscribe::reports {

// Throws std::runtime_error if there is no such file or it is not TOML.
toml::table read_toml(const std::string& path);

inline std::int64_t line_of(const toml::node& node) {
  return static_cast<std::int64_t>(node.source().begin.line);
}

[[noreturn]] inline void refuse(const std::string& path, std::int64_t line,
                                const std::string& what) {
  throw std::runtime_error(fmt::format("'{}' line {}: {}", path, line, what));
}

// As it stands in a file, for messages.
std::string text_of(const toml::node& node);

const toml::table& table_of(const toml::node& node, const std::string& path, std::string_view key);
std::string string_of(const toml::node& node, const std::string& path, std::string_view key);

}  // namespace heapscribe::reports
