// The address range that the pool's blocks come from, and the tables that describe it: reserved
// once, found by arithmetic, given storage only where they are used.
//
//   [ blocks | record words (if asked for) | units | classes | arena ]
//
// The range is cut into units of 64 KiB. Whether an address is the pool's is one comparison; what
// lies there is one byte of `classes`.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heapscribe::memory {

inline constexpr unsigned kUnitShift = 16;
inline constexpr std::size_t kUnitBytes = std::size_t{1} << kUnitShift;
inline constexpr std::size_t kWordsPerUnit = kUnitBytes / 16;

// State of the slot that begins at a unit. Unit 0 is never handed out: 0 means none.
struct Unit {
  std::atomic<std::uint64_t> chain;  // of a slab: its free blocks, see slabs.cpp
  std::atomic<std::uint64_t> bytes;  // of a huge block: its usable size; 0 = no block
  std::size_t touched;               // bytes from the start that may hold old data
  std::atomic<std::uint32_t> next;   // below it in whichever stack holds it
  std::uint32_t order;               // the slot has 2^order units
};
static_assert(sizeof(Unit) == 32);

struct UnitLink {
  static std::atomic<std::uint32_t>& of(std::uint32_t unit);
};

struct Range {
  std::uintptr_t base;
  std::size_t bytes;      // 0 = nothing reserved
  std::size_t alignment;  // of the base
  std::atomic<std::uint8_t>* classes;
  Unit* units;
  std::uint64_t* words;  // nullptr = not asked for
  char* arena;
  std::size_t arena_bytes;
};
extern constinit Range range;

inline std::atomic<std::uint32_t>& UnitLink::of(std::uint32_t unit) {
  return range.units[unit].next;
}

inline bool owns(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer) - range.base < range.bytes;
}
inline std::size_t offset_of(const void* block) {
  return reinterpret_cast<std::uintptr_t>(block) - range.base;
}
inline std::uintptr_t unit_address(std::uint32_t unit) {
  return range.base + (std::size_t{unit} << kUnitShift);
}
inline std::uint8_t class_at(std::size_t offset) {
  return range.classes[offset >> kUnitShift].load(std::memory_order_relaxed);
}

// Reserves the range, smaller where address space is limited. False: there is not even a little.
// `at_most` is for tests that want to see it exhausted.
bool reserve_range(bool with_words, std::size_t at_most = SIZE_MAX);

// Makes the units up to `end` usable. May be called by several threads at once.
bool open_units(std::size_t end);

// RLIMIT_AS as it is now: programs lower it themselves. SIZE_MAX = none.
std::size_t address_space_limit();

// From now on the program restricts its system calls: opens all, and the pool asks no more.
void open_everything();
bool may_call_system();
// Units that may be in use.
std::size_t opened_units();

// Zeroed memory for the pool's own records, never given back; nullptr when there is none left.
// Aligned to its size if that is a power of two up to a page, else to 64 bytes.
void* arena_allocate(std::size_t bytes);
inline std::uint32_t arena_number(const void* record) {
  return static_cast<std::uint32_t>((static_cast<const char*>(record) - range.arena) / 64);
}
template <typename Record>
Record* arena_record(std::uint32_t number) {
  return reinterpret_cast<Record*>(range.arena + std::size_t{number} * 64);
}

}  // namespace heapscribe::memory
