// How much memory there is for a process, to tell later what growth would lead to.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace heapscribe::collector {

struct MemoryLimits {
  std::optional<std::uint64_t> machine;
  // The tightest one of its control groups, of either version; nothing = none, or not to be seen.
  std::optional<std::uint64_t> group;

  // What the process may have in the end. 0 = not known.
  std::uint64_t least() const {
    const std::uint64_t all = machine.value_or(group.value_or(0));
    return std::min(all, group.value_or(all));
  }
};
MemoryLimits memory_limits_of(pid_t pid);

// "MemTotal:  16384 kB" in bytes; nothing if `meminfo` does not have it.
std::optional<std::uint64_t> total_in(const std::string& meminfo);
// Where the memory controller's group is, below the mount point: of lines "0::/a/b" or
// "4:memory:/a/b". Empty = none. `version` becomes 1 or 2.
std::string memory_group_in(const std::string& cgroups, int& version);

}  // namespace heapscribe::collector
