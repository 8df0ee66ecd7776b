#include "preload/collector/memory_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "preload/collector/descriptors.h"

namespace heapscribe::collector {
namespace {

// Version 1 says "no limit" with the largest multiple of a page.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;

std::optional<std::uint64_t> number_in(const std::string& text) {
  std::uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest == text.data()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> limit_at(const std::string& file) {
  const auto value = number_in(read_file(file));
  return value && *value < kNoLimit ? value : std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> total_in(const std::string& meminfo) {
  constexpr std::string_view kKey = "MemTotal:";
  constexpr std::uint64_t kKiB = 1024;
  const std::size_t at = meminfo.find(kKey);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t digits = meminfo.find_first_not_of(' ', at + kKey.size());
  if (digits == std::string::npos) return std::nullopt;
  const auto value = number_in(meminfo.substr(digits, meminfo.find(' ', digits) - digits));
  return value ? std::optional(*value * kKiB) : std::nullopt;
}

std::string memory_group_in(const std::string& cgroups, int& version) {
  std::istringstream lines(cgroups);
  std::string unified;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controllers.find(",memory,") != std::string::npos) {
      version = 1;
      return line.substr(second + 1);
    }
    if (controllers == ",,") unified = line.substr(second + 1);
  }
  version = 2;
  return unified;
}

namespace {

std::optional<std::uint64_t> group_limit_of(pid_t pid) {
  int version = 0;
  std::string group = memory_group_in(read_file(fmt::format("/proc/{}/cgroup", pid)), version);
  if (group.empty()) return std::nullopt;
  const std::string mount = version == 1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
  const std::string name = version == 1 ? "memory.limit_in_bytes" : "memory.max";
  std::optional<std::uint64_t> tightest;
  for (;;) {
    const auto limit = limit_at(fmt::format("{}{}/{}", mount, group, name));
    if (limit) tightest = std::min(limit.value(), tightest.value_or(*limit));
    if (group.empty()) return tightest;
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
}

}  // namespace

MemoryLimits memory_limits_of(pid_t pid) {
  return {total_in(read_file("/proc/meminfo")), group_limit_of(pid)};
}

}  // namespace heapscribe::collector
