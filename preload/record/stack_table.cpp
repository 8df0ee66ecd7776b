#include "preload/record/stack_table.h"

#include <algorithm>

#include "preload/platform/pages.h"
#include "preload/record/session.h"

namespace heapscribe::record {

constinit StackTable stack_table;

wire::Ref StackTable::intern(const unwind::Stack& stack) {
  wire::Ref segment = wire::kNoRef;
  for (std::uint32_t begin = 0; begin < stack.count; begin += wire::kSegmentFrames) {
    const std::uint32_t end = std::min(begin + wire::kSegmentFrames, stack.count);
    segment = intern_segment(stack, begin, end, segment);
    if (segment == wire::kNoRef) return wire::kNoRef;
  }
  return segment;
}

wire::Ref StackTable::intern_segment(const unwind::Stack& stack, std::uint32_t begin,
                                     std::uint32_t end, wire::Ref outer) {
  const std::uint64_t hash = stack.hashes[end - 1] != 0 ? stack.hashes[end - 1] : 1;
  if (const wire::Ref known = find(hash); known != wire::kNoRef) return known;
  const std::uint32_t count = end - begin;
  const std::size_t bytes = sizeof(wire::StackSegment) + count * sizeof(std::uint64_t);
  auto* segment = static_cast<wire::StackSegment*>(session.allocate(bytes, wire::kUnit));
  if (segment == nullptr) return wire::kNoRef;
  segment->hash = hash;
  segment->outer = outer;
  segment->count = count;
  segment->layout = stack.layout;
  segment->truncated = stack.truncated ? 1 : 0;
  std::reverse_copy(stack.frames + begin, stack.frames + end,
                    reinterpret_cast<std::uint64_t*>(segment + 1));
  remember(hash, session.ref(segment));
  return session.ref(segment);
}

wire::Ref StackTable::find(std::uint64_t hash) const {
  for (unsigned table = newest_.load(std::memory_order_acquire); table > 0; --table) {
    const Entry* home =
        tables_[table].load(std::memory_order_acquire) + (hash >> (64 - log2_entries(table)));
    for (std::uint64_t distance = 0; distance < kReach; ++distance) {
      const std::uint64_t seen = home[distance].hash.load(std::memory_order_acquire);
      if (seen == hash) {
        const wire::Ref segment = home[distance].segment.load(std::memory_order_acquire);
        if (segment != wire::kNoRef) return segment;
      }
      if (seen == 0) break;  // entries never go, so a gap ends the search
    }
  }
  return wire::kNoRef;
}

void StackTable::remember(std::uint64_t hash, wire::Ref segment) {
  for (;;) {
    const unsigned newest = newest_.load(std::memory_order_acquire);
    if (newest != 0) {
      Entry* home =
          tables_[newest].load(std::memory_order_acquire) + (hash >> (64 - log2_entries(newest)));
      for (std::uint64_t distance = 0; distance < kReach; ++distance) {
        std::uint64_t expected = 0;
        if (home[distance].hash.compare_exchange_strong(expected, hash,
                                                        std::memory_order_acq_rel)) {
          home[distance].segment.store(segment, std::memory_order_release);
          return;
        }
      }
    }
    if (!grow(newest)) return;  // not remembered: the stack may be written again, nothing is lost
  }
}

// As in BlockTable: the first to map it wins, everybody may announce it.
bool StackTable::grow(unsigned from) {
  if (from == kMaxTables) return false;
  std::atomic<Entry*>& next = tables_[from + 1];
  if (next.load(std::memory_order_acquire) == nullptr) {
    const std::size_t bytes = ((std::size_t{1} << log2_entries(from + 1)) + kReach) * sizeof(Entry);
    auto* fresh = static_cast<Entry*>(platform::map_pages(bytes));
    if (fresh == nullptr) return false;
    Entry* expected = nullptr;
    if (!next.compare_exchange_strong(expected, fresh, std::memory_order_acq_rel)) {
      platform::unmap_pages(fresh, bytes);
    }
  }
  unsigned expected = from;
  newest_.compare_exchange_strong(expected, from + 1, std::memory_order_acq_rel);
  return true;
}

}  // namespace heapscribe::record
