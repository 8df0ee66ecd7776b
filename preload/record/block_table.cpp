#include "preload/record/block_table.h"

#include "preload/platform/pages.h"

namespace heapscribe::record {
namespace {

constexpr unsigned kKeyShift = 20;
constexpr std::uint64_t kReachMask = 0xFF;
constexpr std::uint64_t kSizeHighMask = 0xFFF;

constexpr std::uint64_t key_of(std::uintptr_t block) {
  return block >> 3;
}
constexpr bool is_free(std::uint64_t word) {
  return (word >> kKeyShift) == 0;
}

// Fibonacci hashing; the multiplier is 2^64 divided by the golden ratio.
constexpr std::uint64_t hash_of(std::uintptr_t block) {
  return (block >> 4) * 0x9E37'79B9'7F4A'7C15ULL;
}

}  // namespace

BlockTable::Bucket* BlockTable::home(unsigned table, std::uintptr_t block) const {
  return tables_[table].load(std::memory_order_acquire) +
         (hash_of(block) >> (64 - log2_buckets(table)));
}

bool BlockTable::insert(std::uintptr_t block, BlockRecord record) {
  const std::uint64_t word = key_of(block) << kKeyShift | ((record.size >> 32) & kSizeHighMask)
                                                              << 8;
  const std::uint64_t value = std::uint64_t{record.row} << 32 | (record.size & 0xFFFF'FFFFU);
  for (;;) {
    const unsigned newest = newest_.load(std::memory_order_acquire);
    if (newest != 0 && insert_into(home(newest, block), word, value)) return true;
    if (!grow(newest)) return false;
  }
}

BlockRecord BlockTable::take(std::uintptr_t block) {
  BlockRecord record{wire::kNoRef, 0};
  const std::uint64_t key = key_of(block);
  for (unsigned table = newest_.load(std::memory_order_acquire); table > 0; --table) {
    if (take_from(home(table, block), key, record)) return record;
  }
  return record;
}

bool BlockTable::insert_into(Bucket* home, std::uint64_t word, std::uint64_t value) {
  std::atomic<std::uint64_t>& first_word = home->entries[0].word;
  for (std::uint64_t distance = 0; distance <= kReach; ++distance) {
    for (Entry& entry : home[distance].entries) {
      std::uint64_t seen = entry.word.load(std::memory_order_relaxed);
      if (!is_free(seen)) continue;
      // The reach must be visible before the entry: a search that misses it would lose the block.
      std::uint64_t first = first_word.load(std::memory_order_relaxed);
      while ((first & kReachMask) < distance &&
             !first_word.compare_exchange_weak(first, (first & ~kReachMask) | distance)) {
      }
      seen = entry.word.load(std::memory_order_relaxed);
      while (is_free(seen)) {
        const std::uint64_t claimed = word | (seen & kReachMask);
        if (entry.word.compare_exchange_weak(seen, claimed, std::memory_order_acq_rel)) {
          entry.value.store(value, std::memory_order_relaxed);
          return true;
        }
      }
    }
  }
  return false;
}

bool BlockTable::take_from(Bucket* home, std::uint64_t key, BlockRecord& record) {
  const std::uint64_t reach = home->entries[0].word.load(std::memory_order_acquire) & kReachMask;
  for (std::uint64_t distance = 0; distance <= reach; ++distance) {
    for (Entry& entry : home[distance].entries) {
      std::uint64_t word = entry.word.load(std::memory_order_relaxed);
      if (word >> kKeyShift != key) continue;
      const std::uint64_t value = entry.value.load(std::memory_order_relaxed);
      record.row = static_cast<wire::Ref>(value >> 32);
      record.size = (value & 0xFFFF'FFFFU) | ((word >> 8) & kSizeHighMask) << 32;
      if (&entry != home[distance].entries) {
        entry.word.store(0, std::memory_order_release);
      } else {  // others may raise the reach meanwhile
        while (!entry.word.compare_exchange_weak(word, word & kReachMask)) {
        }
      }
      return true;
    }
  }
  return false;
}

// Whoever maps the table first wins; everybody may announce it, so nobody waits for anybody.
bool BlockTable::grow(unsigned from) {
  if (from == kMaxTables) return false;
  std::atomic<Bucket*>& next = tables_[from + 1];
  if (next.load(std::memory_order_acquire) == nullptr) {
    const std::size_t bytes =
        ((std::size_t{1} << log2_buckets(from + 1)) + kReach) * sizeof(Bucket);
    auto* fresh = static_cast<Bucket*>(platform::map_pages(bytes));
    if (fresh == nullptr) return false;
    Bucket* expected = nullptr;
    if (!next.compare_exchange_strong(expected, fresh, std::memory_order_acq_rel)) {
      platform::unmap_pages(fresh, bytes);
    }
  }
  unsigned expected = from;
  newest_.compare_exchange_strong(expected, from + 1, std::memory_order_acq_rel);
  return true;
}

}  // namespace heapscribe::record
