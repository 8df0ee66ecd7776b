#include "preload/memory/slots.h"

#include <sys/mman.h>

#include <bit>

#include "preload/memory/range.h"
#include "preload/memory/statistics.h"
#include "preload/memory/tagged_stack.h"
#include "preload/platform/kernel.h"
#include "preload/platform/pages.h"

namespace heapscribe::memory {
namespace {

constexpr unsigned kChunkOrder = 6;  // 4 MiB: small slots are cut from such
// Slabs are used densely; from this size on large pages save the program more than they cost it.
constexpr std::int64_t kLargePagesFrom = std::int64_t{64} << 20;
constexpr std::int64_t kKeepAtLeast = std::int64_t{2} << 20;

using SlotStack = TaggedStack<UnitLink>;
constinit SlotStack clean_slots[kOrders];    // without storage
constinit SlotStack kept_slots[kOrders];     // with old data
constinit std::atomic<std::size_t> used{1};  // units; never decreases

constexpr std::uint32_t units_in(unsigned order) {
  return std::uint32_t{1} << order;
}

// Makes clean slots of [begin, end), as large as their places allow.
void give_gap(std::size_t begin, std::size_t end) {
  while (begin < end) {
    auto order = static_cast<unsigned>(std::countr_zero(begin));
    while (begin + (std::size_t{1} << order) > end) --order;
    clean_slots[order].push(static_cast<std::uint32_t>(begin));
    begin += std::size_t{1} << order;
  }
}

// Cuts a slot down to size; the rest stays available.
std::uint32_t split(std::uint32_t unit, unsigned from, unsigned to) {
  while (from > to) {
    --from;
    clean_slots[from].push(unit + units_in(from));
  }
  return unit;
}

// A slot beyond all others; 0 when the range ends.
std::uint32_t take_beyond(unsigned order) {
  const std::size_t units = range.bytes / kUnitBytes;
  std::size_t begin = used.load(std::memory_order_relaxed);
  std::size_t aligned = 0;
  std::size_t end = 0;
  do {
    aligned = platform::round_up(begin, units_in(order));
    end = aligned + units_in(order);
    if (end > units || !open_units(end)) return 0;
  } while (!used.compare_exchange_weak(begin, end, std::memory_order_relaxed));
  pool_record().metadata_bytes.fetch_add((end - begin) * (sizeof(Unit) + 1),
                                         std::memory_order_relaxed);
  give_gap(begin, aligned);
  return static_cast<std::uint32_t>(aligned);
}

std::uint32_t take_chunk(unsigned order, SlotUse use) {
  const unsigned chunk = order < kChunkOrder ? kChunkOrder : order;
  std::uint32_t unit = take_beyond(chunk);
  if (unit == 0) return order < chunk ? take_beyond(order) : 0;
  if (use == SlotUse::Slab && may_call_system() &&
      pool_record().held_bytes.load(std::memory_order_relaxed) > kLargePagesFrom) {
    platform::system_call(SYS_madvise, static_cast<long>(unit_address(unit)),
                          static_cast<long>(units_in(chunk) * kUnitBytes), MADV_HUGEPAGE);
  }
  return split(unit, chunk, order);
}

std::uint32_t take_larger(unsigned order, unsigned until) {
  for (unsigned larger = order + 1; larger < until; ++larger) {
    if (const std::uint32_t unit = clean_slots[larger].pop()) return split(unit, larger, order);
  }
  return 0;
}

std::uint32_t take_kept(unsigned order) {
  const std::uint32_t unit = kept_slots[order].pop();
  if (unit != 0) {
    pool_record().kept_bytes.fetch_sub(static_cast<std::int64_t>(range.units[unit].touched),
                                       std::memory_order_relaxed);
  }
  return unit;
}

// The words beside blocks go with them. A huge block has one only, not worth the call.
void decommit_words(std::uint32_t unit, std::size_t bytes) {
  constexpr std::size_t kLargestSlab = 4 * kUnitBytes;
  if (range.words == nullptr || bytes > kLargestSlab) return;
  decommit(reinterpret_cast<std::uintptr_t>(range.words + unit * kWordsPerUnit),
           platform::round_up(bytes / 2, platform::kPageSize));
}

bool make_clean(std::uint32_t unit, std::size_t touched) {
  if (touched == 0) return true;
  if (!decommit(unit_address(unit), platform::round_up(touched, platform::kPageSize))) return false;
  decommit_words(unit, touched);
  return true;
}

// The last resort of a small range: a larger slot that is kept with its storage.
std::uint32_t take_kept_larger(unsigned order) {
  for (unsigned larger = order + 1; larger < kOrders; ++larger) {
    const std::uint32_t unit = take_kept(larger);
    if (unit == 0) continue;
    if (make_clean(unit, range.units[unit].touched)) return split(unit, larger, order);
    give_slot(unit, larger, range.units[unit].touched);
    return 0;
  }
  return 0;
}

// Storage that went back to the system and was soon wanted again, went back too early: then more is
// kept. What is kept for nothing makes it less again.
constinit std::atomic<std::int64_t> allowance{0};
constinit std::atomic<std::int64_t> gone{0};  // returned, and not yet missed

void note_missed(std::int64_t bytes) {
  if (gone.load(std::memory_order_relaxed) <= 0) return;
  gone.fetch_sub(bytes, std::memory_order_relaxed);
  const std::int64_t most = pool_record().peak_held_bytes.load(std::memory_order_relaxed) / 2;
  if (allowance.load(std::memory_order_relaxed) < most) {
    allowance.fetch_add(bytes, std::memory_order_relaxed);
  }
}

void note_gone(std::int64_t bytes) {
  gone.fetch_add(bytes, std::memory_order_relaxed);
  const std::int64_t before = allowance.load(std::memory_order_relaxed);
  allowance.fetch_sub(bytes < before * 8 ? bytes / 8 : before, std::memory_order_relaxed);
}

bool worth_keeping(std::size_t touched) {
  const wire::PoolRecord& record = pool_record();
  const std::int64_t kept =
      record.kept_bytes.load(std::memory_order_relaxed) + static_cast<std::int64_t>(touched);
  return kept <= kKeepAtLeast + record.held_bytes.load(std::memory_order_relaxed) / 16 +
                     allowance.load(std::memory_order_relaxed);
}

}  // namespace

bool decommit(std::uintptr_t address, std::size_t bytes) {
  if (!may_call_system()) return false;
  const long result = platform::system_call(SYS_madvise, static_cast<long>(address),
                                            static_cast<long>(bytes), MADV_DONTNEED);
  if (platform::failed(result)) return false;  // locked in memory
  pool_record().returned_bytes.fetch_add(bytes, std::memory_order_relaxed);
  return true;
}

unsigned slot_order(std::size_t bytes) {
  if (bytes <= kUnitBytes) return 0;
  return static_cast<unsigned>(std::bit_width((bytes - 1) >> kUnitShift));
}

Slot take_slot(unsigned order, SlotUse use) {
  if (order >= kOrders || range.bytes == 0) return {0, false};
  std::uint32_t unit = take_kept(order);
  if (unit != 0) return {unit, false};
  unit = clean_slots[order].pop();
  if (unit == 0) unit = take_larger(order, kChunkOrder + 1);
  if (unit == 0) unit = take_chunk(order, use);
  if (unit == 0) unit = take_larger(order, kOrders);
  if (unit == 0) unit = take_kept_larger(order);
  if (unit == 0) return {0, false};
  range.units[unit].touched = 0;
  if (order <= kChunkOrder) note_missed(static_cast<std::int64_t>(kUnitBytes << order));
  return {unit, true};
}

void give_slot(std::uint32_t unit, unsigned order, std::size_t touched) {
  const bool keep = touched != 0 && order <= kChunkOrder && worth_keeping(touched);
  if (!keep && make_clean(unit, touched)) {
    if (order <= kChunkOrder) note_gone(static_cast<std::int64_t>(touched));
    return clean_slots[order].push(unit);
  }
  range.units[unit].touched = touched;
  pool_record().kept_bytes.fetch_add(static_cast<std::int64_t>(touched), std::memory_order_relaxed);
  kept_slots[order].push(unit);
}

}  // namespace heapscribe::memory
