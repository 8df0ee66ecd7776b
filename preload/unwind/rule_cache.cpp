#include "preload/unwind/rule_cache.h"

#include <sys/mman.h>

#include <atomic>

#include "preload/platform/kernel.h"
#include "preload/platform/pages.h"
#include "preload/unwind/call_frame_info.h"

namespace heapscribe::unwind {
namespace {

constexpr unsigned kLog2Entries = 18;
constexpr std::uint64_t kWays = 4;
constexpr std::size_t kBytes =
    ((std::size_t{1} << kLog2Entries) + kWays) * sizeof(std::atomic<std::uint64_t>);

constinit std::atomic<std::uint64_t>* entries = nullptr;

inline std::atomic<std::uint64_t>* home_of(std::uintptr_t address) {
  return entries + ((address * 0x9E37'79B9'7F4A'7C15ULL) >> (64 - kLog2Entries));
}

[[gnu::noinline]] FrameRule compile_and_remember(std::uintptr_t address) {
  const FrameRule rule = compile_rule(address - 1);
  if (!rule.packs() || address >> (64 - FrameRule::kBits) != 0) return rule;
  std::atomic<std::uint64_t>* home = home_of(address);
  std::uint64_t way = 0;
  while (way < kWays && home[way].load(std::memory_order_relaxed) != 0) ++way;
  if (way == kWays) way = (address >> 2) % kWays;
  home[way].store(std::uint64_t{address} << FrameRule::kBits | rule.packed(),
                  std::memory_order_relaxed);
  return rule;
}

}  // namespace

bool prepare_rule_cache() {
  entries = static_cast<std::atomic<std::uint64_t>*>(platform::map_pages(kBytes));
  return entries != nullptr;
}

FrameRule rule_for_return_address(std::uintptr_t address) {
  const std::atomic<std::uint64_t>* home = home_of(address);
  for (std::uint64_t way = 0; way < kWays; ++way) {
    const std::uint64_t word = home[way].load(std::memory_order_relaxed);
    if (word >> FrameRule::kBits == address) {
      return FrameRule::unpacked(static_cast<std::uint32_t>(word) & ((1U << FrameRule::kBits) - 1));
    }
  }
  return compile_and_remember(address);
}

void forget_rules() {
  if (entries == nullptr) return;
  platform::system_call(SYS_madvise, platform::as_argument(entries), static_cast<long>(kBytes),
                        MADV_DONTNEED);
}

}  // namespace heapscribe::unwind
