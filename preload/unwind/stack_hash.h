// The hash of a stack, from the outermost frame inwards, so that it grows with every call.
#pragma once

#include <cstdint>

namespace heapscribe::unwind {

// One step: multiply to 128 bits and fold, as wyhash and its relatives do.
constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t frame) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{hash ^ frame} * 0x9E37'79B9'7F4A'7C15ULL;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// The hash of no frames at all: a stack means something only together with its module layout.
constexpr std::uint64_t hash_seed(std::uint32_t layout, bool truncated) {
  return 0x2545'F491'4F6C'DD1DULL + layout * 2ULL + (truncated ? 1 : 0);
}

}  // namespace heapscribe::unwind
