// Table stack_chunk: the nodes of the stack tree, packed as schema.sql says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "preload/capture/database.h"

namespace heapscribe::capture {

struct StackNode {
  std::uint32_t parent = 0;  // 0 = outermost frame
  std::uint32_t address = 0;

  bool operator==(const StackNode&) const = default;
};

// A chunk has at most so many nodes: small enough to be unpacked for a single one of them.
inline constexpr std::size_t kChunkNodes = 128;

// `nodes` have the numbers from `first` on.
std::string pack_stacks(std::uint64_t first, std::span<const StackNode> nodes);
// Appends the nodes of a chunk. False if that is not what `text` holds.
bool unpack_stacks(std::uint64_t first, std::string_view text, std::vector<StackNode>& nodes);

// All nodes of a recording, index = id; [0] stands for "(stack not recorded)". Throws DatabaseError
// unless the ids have no gaps and every parent comes before its children.
std::vector<StackNode> read_stacks(Database& database);

}  // namespace heapscribe::capture
