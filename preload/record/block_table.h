// Which live block belongs to which row: address -> (row, requested size).
//
// Lock-free, private to the process, never a header in the block. A bucket is one cache line of
// four entries; an entry lies in its home bucket or, if that was full, at most kReach buckets
// further. kReach decides how full a table gets: about three quarters.
//  - An address is live at most once, and only the thread that allocates or frees it touches its
//    entry, so insert need not look for duplicates and take need not compete.
//  - Every bucket remembers how far its entries have ever strayed; a search goes no further. So
//    removing is storing 0: no tombstones, nothing to rebuild.
//  - A table that is full around some home bucket is followed by one twice its size. Nothing moves:
//    searches go from the newest table to the oldest, and old entries leave as blocks are freed.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/wire/session.h"

namespace heapscribe::record {

struct BlockRecord {
  wire::Ref row;  // kNoRef = the block is not known
  std::uint64_t size;
};

class BlockTable {
 public:
  // False when there is no memory for a larger table; the block is then unknown.
  bool insert(std::uintptr_t block, BlockRecord record);

  // A block was just made or is about to be released: its bucket will be needed soon.
  void prefetch(std::uintptr_t block) const {
    if (const unsigned newest = newest_.load(std::memory_order_relaxed); newest != 0) {
      __builtin_prefetch(home(newest, block), 1);
    }
  }

  // Calls visit(block, record) for every block, in no order. For a table that nobody writes to.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (unsigned table = 1; table <= newest_.load(std::memory_order_acquire); ++table) {
      const Bucket* buckets = tables_[table].load(std::memory_order_acquire);
      const std::uint64_t count = (std::uint64_t{1} << log2_buckets(table)) + kReach;
      for (std::uint64_t i = 0; i < count; ++i) {
        for (const Entry& entry : buckets[i].entries) visit_entry(entry, visit);
      }
    }
  }

  // Removes and returns the block's record. Call before the block is released.
  BlockRecord take(std::uintptr_t block);

 private:
  // word: address/8 in the upper 44 bits, size bits 32..43, and in the bucket's first entry the
  // reach of the bucket in the lowest 8 bits (kept when the entry goes).
  struct Entry {
    std::atomic<std::uint64_t> word;
    std::atomic<std::uint64_t> value;  // row << 32 | size bits 0..31
  };
  static constexpr std::uint64_t kEntries = 4;
  struct alignas(64) Bucket {
    Entry entries[kEntries];
  };
  static constexpr std::uint64_t kReach = 6;
  static constexpr unsigned kMaxTables = 32;

  // Table n has 256 << (n - 1) home buckets, and kReach more behind the last one.
  static constexpr unsigned log2_buckets(unsigned table) { return 7 + table; }

  template <typename Visit>
  static void visit_entry(const Entry& entry, Visit& visit) {
    constexpr unsigned kKeyShift = 20;
    const std::uint64_t word = entry.word.load(std::memory_order_relaxed);
    if (word >> kKeyShift == 0) return;
    const std::uint64_t value = entry.value.load(std::memory_order_relaxed);
    visit(static_cast<std::uintptr_t>(word >> kKeyShift << 3),
          BlockRecord{static_cast<wire::Ref>(value >> 32),
                      (word >> 8 & 0xFFF) << 32 | (value & 0xFFFF'FFFFU)});
  }

  static bool insert_into(Bucket* home, std::uint64_t word, std::uint64_t value);
  static bool insert_alone(Bucket* home, std::uint64_t word, std::uint64_t value);
  static bool claim(Entry& entry, std::uint64_t word, std::uint64_t value);
  static bool take_from(Bucket* home, std::uint64_t key, BlockRecord& record);
  Bucket* home(unsigned table, std::uintptr_t block) const {
    // Fibonacci hashing; the multiplier is 2^64 divided by the golden ratio.
    const std::uint64_t hash = (block >> 4) * 0x9E37'79B9'7F4A'7C15ULL;
    return tables_[table].load(std::memory_order_acquire) + (hash >> (64 - log2_buckets(table)));
  }
  bool grow(unsigned from);

  std::atomic<unsigned> newest_{0};  // tables_[1..newest_] exist
  std::atomic<Bucket*> tables_[kMaxTables + 1] = {};
};

}  // namespace heapscribe::record
