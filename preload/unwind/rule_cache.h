// Rules by return address: one word an entry, address and rule together, so a reader sees both or
// neither. Lock-free, shared by all threads, fixed in size: a full neighbourhood is overwritten.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/unwind/frame_rule.h"

namespace heapscribe::unwind {

// Reserves the cache (2 MiB of address space, touched as it fills). False without memory.
bool prepare_rule_cache();

// An object was loaded or unloaded: addresses may mean something else. `may_call` says whether the
// kernel may be asked to do the work.
void forget_rules(bool may_call = true);

// Advances with forget_rules: what was derived from rules of another generation is void.
inline constinit std::atomic<std::uint32_t> rules_generation{0};

namespace rule_cache {

// Return addresses that lie close together are used together: each 128 bytes of code have a cache
// line of eight entries, and the next one where that is not enough.
struct alignas(64) Line {
  std::atomic<std::uint64_t> words[8];
};
inline constexpr unsigned kLog2Lines = 15;
inline constinit Line* lines = nullptr;

inline Line* line_of(std::uintptr_t address) {
  return lines + (((address >> 7) * 0x9E37'79B9'7F4A'7C15ULL) >> (64 - kLog2Lines));
}
// Where in its line an address is looked for first.
inline unsigned first_place(std::uintptr_t address) {
  return static_cast<unsigned>(address ^ address >> 4);
}

FrameRule compile_and_remember(std::uintptr_t address);

}  // namespace rule_cache

// The rule for a return address, that is, of the call one byte before it.
inline FrameRule rule_for_return_address(std::uintptr_t address) {
  const rule_cache::Line* line = rule_cache::line_of(address);
  const unsigned first = rule_cache::first_place(address);
  for (unsigned tried = 0; tried < 16; ++tried) {
    const std::uint64_t word =
        line[tried / 8].words[(first + tried) % 8].load(std::memory_order_relaxed);
    if (word >> FrameRule::kBits == address) [[likely]] {
      return FrameRule::unpacked(static_cast<std::uint32_t>(word) & ((1U << FrameRule::kBits) - 1));
    }
    if (word == 0) break;
  }
  return rule_cache::compile_and_remember(address);
}

}  // namespace heapscribe::unwind
