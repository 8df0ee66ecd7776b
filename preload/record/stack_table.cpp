#include "preload/record/stack_table.h"

#include "preload/platform/pages.h"
#include "preload/record/session.h"

namespace heapscribe::record {

constinit StackTable stack_table;

namespace {

// One step of the hash: multiply to 128 bits and fold, as wyhash and its relatives do.
inline std::uint64_t mix(std::uint64_t hash, std::uint64_t frame) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{hash ^ frame} * 0x9E37'79B9'7F4A'7C15ULL;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

constexpr std::uint64_t seed_of(std::uint32_t layout, bool truncated) {
  return 0x2545'F491'4F6C'DD1DULL + layout * 2ULL + (truncated ? 1 : 0);
}

constexpr std::uint64_t never_zero(std::uint64_t hash) {
  return hash != 0 ? hash : 1;
}

}  // namespace

std::uint64_t hash_stack(FrameSpan stack, std::uint32_t layout) {
  std::uint64_t hash = seed_of(layout, stack.truncated);
  for (std::uint32_t i = stack.count; i-- > 0;) hash = mix(hash, stack.frames[i]);
  return never_zero(hash);
}

wire::Ref StackTable::intern(FrameSpan stack, std::uint32_t layout) {
  wire::Ref segment = wire::kNoRef;
  std::uint64_t hash = seed_of(layout, stack.truncated);
  for (std::uint32_t end = stack.count; end > 0;) {
    const std::uint32_t count = end < wire::kSegmentFrames ? end : wire::kSegmentFrames;
    const std::uint32_t begin = end - count;
    for (std::uint32_t i = end; i-- > begin;) hash = mix(hash, stack.frames[i]);
    segment = intern_segment(never_zero(hash), stack.frames + begin, count, segment, layout,
                             stack.truncated);
    if (segment == wire::kNoRef) return wire::kNoRef;
    end = begin;
  }
  return segment;
}

wire::Ref StackTable::intern_segment(std::uint64_t hash, const std::uintptr_t* frames,
                                     std::uint32_t count, wire::Ref outer, std::uint32_t layout,
                                     bool truncated) {
  if (const wire::Ref known = find(hash); known != wire::kNoRef) return known;
  const std::size_t bytes = sizeof(wire::StackSegment) + count * sizeof(std::uint64_t);
  auto* segment = static_cast<wire::StackSegment*>(session.allocate(bytes, wire::kUnit));
  if (segment == nullptr) return wire::kNoRef;
  segment->hash = hash;
  segment->outer = outer;
  segment->count = count;
  segment->layout = layout;
  segment->truncated = truncated ? 1 : 0;
  auto* out = reinterpret_cast<std::uint64_t*>(segment + 1);
  for (std::uint32_t i = 0; i < count; ++i) out[i] = frames[i];
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
