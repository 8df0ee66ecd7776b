#include "preload/unwind/rule_cache.h"

#include <sys/mman.h>

#include "preload/platform/kernel.h"
#include "preload/platform/pages.h"
#include "preload/unwind/call_frame_info.h"

namespace heapscribe::unwind {

using rule_cache::Line;
using rule_cache::lines;

namespace {

constexpr std::size_t kLines = (std::size_t{1} << rule_cache::kLog2Lines) + 1;
constexpr std::size_t kBytes = kLines * sizeof(Line);

// The first free place for the address, or one that has to give way.
std::atomic<std::uint64_t>& place_for(std::uintptr_t address) {
  Line* line = rule_cache::line_of(address);
  const unsigned first = rule_cache::first_place(address);
  for (unsigned tried = 0; tried < 16; ++tried) {
    std::atomic<std::uint64_t>& word = line[tried / 8].words[(first + tried) % 8];
    if (word.load(std::memory_order_relaxed) == 0) return word;
  }
  return line->words[first % 8];
}

}  // namespace

[[gnu::noinline]] FrameRule rule_cache::compile_and_remember(std::uintptr_t address) {
  const std::uint32_t generation = rules_generation.load(std::memory_order_acquire);
  FrameRule rule = compile_rule(address - 1);
  // No call ends there, but a function begins: a context made by hand returns to it (makecontext's
  // to __start_context). Nothing lies beyond it.
  if (rule.kind == RuleKind::None && compile_rule(address).kind != RuleKind::None) {
    rule = {RuleKind::Outermost, 0, 0};
  }
  if (!rule.packs() || address >> (64 - FrameRule::kBits) != 0) return rule;
  std::atomic<std::uint64_t>& word = place_for(address);
  word.store(std::uint64_t{address} << FrameRule::kBits | rule.packed(), std::memory_order_relaxed);
  // Compiled before an object went, stored after: it must not stay.
  if (rules_generation.load(std::memory_order_seq_cst) != generation) {
    word.store(0, std::memory_order_relaxed);
  }
  return rule;
}

bool prepare_rule_cache() {
  lines = static_cast<Line*>(platform::map_pages(kBytes));
  return lines != nullptr;
}

void forget_rules(bool may_call) {
  if (lines == nullptr) return;
  rules_generation.fetch_add(1, std::memory_order_seq_cst);
  if (may_call) {
    platform::system_call(SYS_madvise, platform::as_argument(lines), static_cast<long>(kBytes),
                          MADV_DONTNEED);
  } else {
    for (Line* line = lines; line < lines + kLines; ++line) {
      for (auto& word : line->words) word.store(0, std::memory_order_relaxed);
    }
  }
}

}  // namespace heapscribe::unwind
