#include "preload/record/block_table.h"

#include <bit>
#include <iterator>

#include "preload/platform/pages.h"
#include "preload/record/pauses.h"
#include "preload/record/peak.h"

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

// Which of a bucket's entries satisfy `test`, as bits. Where a block lies is random: branches on it
// would be mispredicted.
template <typename Bucket, typename Test>
[[gnu::always_inline]] inline unsigned matching(const Bucket& bucket, Test test) {
  unsigned found = 0;
  for (unsigned i = 0; i < std::size(bucket.entries); ++i) {
    found |= static_cast<unsigned>(test(bucket.entries[i].word.load(std::memory_order_relaxed)))
             << i;
  }
  return found;
}

}  // namespace

bool BlockTable::insert(std::uintptr_t block, BlockRecord record) {
  const std::uint64_t word = key_of(block) << kKeyShift | ((record.size >> 32) & kSizeHighMask)
                                                              << 8;
  const std::uint64_t value = std::uint64_t{record.row} << 32 | (record.size & 0xFFFF'FFFFU);
  for (;;) {
    const unsigned newest = newest_.load(std::memory_order_acquire);
    if (newest != 0) [[likely]] {
      Bucket* place = home(newest, block);
      if (is_single_threaded() ? insert_alone(place, word, value) : insert_into(place, word, value))
        return true;
    }
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

// The reach must be visible before the entry: a search that misses it would lose the block.
bool BlockTable::insert_into(Bucket* home, std::uint64_t word, std::uint64_t value) {
  std::atomic<std::uint64_t>& first_word = home->entries[0].word;
  for (std::uint64_t distance = 0; distance <= kReach; ++distance) {
    for (unsigned free = matching(home[distance], is_free); free != 0; free &= free - 1) {
      std::uint64_t first = first_word.load(std::memory_order_relaxed);
      while ((first & kReachMask) < distance &&
             !first_word.compare_exchange_weak(first, (first & ~kReachMask) | distance)) {
      }
      if (claim(home[distance].entries[std::countr_zero(free)], word, value)) return true;
    }
  }
  return false;
}

bool BlockTable::claim(Entry& entry, std::uint64_t word, std::uint64_t value) {
  std::uint64_t seen = entry.word.load(std::memory_order_relaxed);
  while (is_free(seen)) {
    const std::uint64_t claimed = word | (seen & kReachMask);
    if (entry.word.compare_exchange_weak(seen, claimed, std::memory_order_acq_rel)) {
      entry.value.store(value, std::memory_order_relaxed);
      return true;
    }
  }
  return false;
}

// The same where no other thread can be at it.
bool BlockTable::insert_alone(Bucket* home, std::uint64_t word, std::uint64_t value) {
  for (std::uint64_t distance = 0; distance <= kReach; ++distance) {
    const unsigned free = matching(home[distance], is_free);
    if (free == 0) continue;
    std::atomic<std::uint64_t>& first_word = home->entries[0].word;
    const std::uint64_t first = first_word.load(std::memory_order_relaxed);
    if ((first & kReachMask) < distance) {
      first_word.store((first & ~kReachMask) | distance, std::memory_order_relaxed);
    }
    Entry& entry = home[distance].entries[std::countr_zero(free)];
    const std::uint64_t reach = entry.word.load(std::memory_order_relaxed) & kReachMask;
    entry.word.store(word | reach, std::memory_order_relaxed);
    entry.value.store(value, std::memory_order_relaxed);
    return true;
  }
  return false;
}

bool BlockTable::take_from(Bucket* home, std::uint64_t key, BlockRecord& record) {
  const std::uint64_t reach = home->entries[0].word.load(std::memory_order_acquire) & kReachMask;
  const auto is_wanted = [key](std::uint64_t word) { return word >> kKeyShift == key; };
  for (std::uint64_t distance = 0; distance <= reach; ++distance) {
    const unsigned found = matching(home[distance], is_wanted);
    if (found == 0) continue;
    Entry& entry = home[distance].entries[std::countr_zero(found)];
    std::uint64_t word = entry.word.load(std::memory_order_relaxed);
    const std::uint64_t value = entry.value.load(std::memory_order_relaxed);
    record.row = static_cast<wire::Ref>(value >> 32);
    record.size = (value & 0xFFFF'FFFFU) | ((word >> 8) & kSizeHighMask) << 32;
    if (is_single_threaded() || (found & 1U) == 0) {
      entry.word.store(word & kReachMask, std::memory_order_release);
    } else {  // others may raise the reach meanwhile
      while (!entry.word.compare_exchange_weak(word, word & kReachMask)) {
      }
    }
    return true;
  }
  return false;
}

// Whoever maps the table first wins; everybody may announce it, so nobody waits for anybody.
bool BlockTable::grow(unsigned from) {
  if (from == kMaxTables) return false;
  const OwnPause pause(wire::OwnCause::BlockTable);
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
