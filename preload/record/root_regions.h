// Memory that the program told the leak check to begin at, as it does at globals.
//
// A bounded table in private memory: a copy of the process has its own. No lock, no system call.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heapscribe::record {

inline constexpr std::size_t kMostRootRegions = 1024;

struct RootRegion {
  std::uintptr_t begin = 0;
  std::size_t bytes = 0;
};

// False if the table is full.
bool add_root_region(RootRegion region);
// False if no region begins there; of several the one that was found first goes.
bool remove_root_region(std::uintptr_t begin);

// The region in a place of the table; `bytes` 0 = there is none.
RootRegion root_region(std::size_t place);

}  // namespace heapscribe::record
