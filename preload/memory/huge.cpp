#include "preload/memory/huge.h"

#include <sys/mman.h>

#include <cstring>

#include "preload/memory/range.h"
#include "preload/memory/size_classes.h"
#include "preload/memory/slots.h"
#include "preload/memory/statistics.h"
#include "preload/platform/kernel.h"
#include "preload/platform/pages.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

namespace heapscribe::memory {
namespace {

constexpr std::size_t kWorthMoving = std::size_t{128} << 10;  // pages instead of bytes
constexpr std::size_t kWorthTrimming = std::size_t{64} << 10;

std::uint32_t unit_of(const void* block) {
  return static_cast<std::uint32_t>(offset_of(block) >> kUnitShift);
}

std::size_t slot_bytes(const Unit& unit) {
  return kUnitBytes << unit.order;
}

void note_huge(std::int64_t blocks, std::int64_t bytes) {
  note_blocks(0, blocks);
  note_held(bytes);
}

bool map_anew(std::uintptr_t address, std::size_t bytes) {
  const long result = platform::system_call(
      SYS_mmap, static_cast<long>(address), static_cast<long>(bytes), PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  return !platform::failed(result);
}

enum class Moved { Pages, Nothing, IntoAHole };

// Puts the pages of `from` under `to`; `from` stays mapped, and empty.
//
// The kernel unmaps `to` before it finds that it may not or cannot move: where the program has
// locked or advised about a part of the block, which splits its mapping, or where it has lowered
// its RLIMIT_AS. Under a limit that hole could not be filled again, so there nothing is moved.
Moved move_pages(std::uintptr_t from, std::uintptr_t to, std::size_t bytes) {
  if (bytes < kWorthMoving || !may_call_system()) return Moved::Nothing;
  if (address_space_limit() != SIZE_MAX) return Moved::Nothing;
  const auto length = static_cast<long>(bytes);
  const long result = platform::system_call(SYS_mremap, static_cast<long>(from), length, length,
                                            MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
                                            static_cast<long>(to));
  if (!platform::failed(result)) return Moved::Pages;
  return map_anew(to, bytes) ? Moved::Nothing : Moved::IntoAHole;
}

void unlist(std::uint32_t number, std::size_t bytes) {
  range.classes[number].store(0, std::memory_order_relaxed);
  note_huge(-1, -static_cast<std::int64_t>(bytes));
}

// A slot that is not mapped any more is never used again.
void abandon(const void* block) {
  const std::uint32_t number = unit_of(block);
  unlist(number, range.units[number].bytes.exchange(0, std::memory_order_relaxed));
}

// Unlists the block and gives its slot back; `emptied` bytes from the start hold nothing any more.
void give_back(std::uint32_t number, std::size_t bytes, std::size_t emptied) {
  const Unit& unit = range.units[number];
  unlist(number, bytes);
  give_slot(number, unit.order, unit.touched > emptied ? unit.touched : 0);
}

void* resize_in_place(void* block, Unit& unit, std::size_t old_bytes, std::size_t bytes) {
  note_held(static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(old_bytes));
  unit.bytes.store(bytes, std::memory_order_relaxed);
  if (bytes > unit.touched) unit.touched = bytes;
  const std::size_t tail = unit.touched - bytes;
  if (tail >= kWorthTrimming && decommit(reinterpret_cast<std::uintptr_t>(block) + bytes, tail)) {
    unit.touched = bytes;
  }
  return block;
}

}  // namespace

HugeBlock allocate_huge(std::size_t size, std::size_t alignment) {
  if (size > range.bytes || alignment > range.alignment) return {nullptr, false, 0};
  const std::size_t bytes = platform::round_up(size > 0 ? size : 1, platform::kPageSize);
  const unsigned order = slot_order(bytes > alignment ? bytes : alignment);
  const Slot slot = take_slot(order, SlotUse::Huge);
  if (slot.unit == 0) return {nullptr, false, 0};
  Unit& unit = range.units[slot.unit];
  const std::size_t dirty = unit.touched;
  unit.order = order;
  if (bytes > unit.touched) unit.touched = bytes;
  unit.bytes.store(bytes, std::memory_order_relaxed);
  range.classes[slot.unit].store(kHuge, std::memory_order_relaxed);
  note_huge(1, static_cast<std::int64_t>(bytes));
  return {reinterpret_cast<void*>(unit_address(slot.unit)), slot.clean, dirty};
}

bool release_huge(void* block) {
  if (offset_of(block) % kUnitBytes != 0) return false;
  const std::uint32_t number = unit_of(block);
  const std::size_t bytes = range.units[number].bytes.exchange(0, std::memory_order_relaxed);
  if (bytes == 0) return false;
  give_back(number, bytes, 0);
  return true;
}

std::size_t huge_size(const void* block) {
  return range.units[unit_of(block)].bytes.load(std::memory_order_relaxed);
}

void* resize_huge(void* block, std::size_t size) {
  const std::uint32_t number = unit_of(block);
  Unit& unit = range.units[number];
  const std::size_t bytes = platform::round_up(size, platform::kPageSize);
  const std::size_t old_bytes = unit.bytes.load(std::memory_order_relaxed);
  // A small part of a large slot moves: the range is large, but not without end.
  if (bytes <= slot_bytes(unit) && bytes >= slot_bytes(unit) / 16) {
    return resize_in_place(block, unit, old_bytes, bytes);
  }
  const HugeBlock moved = allocate_huge(size, platform::kPageSize);
  if (moved.block == nullptr) return nullptr;
  const std::size_t kept = bytes < old_bytes ? bytes : old_bytes;
  const auto from = reinterpret_cast<std::uintptr_t>(block);
  const Moved how = move_pages(from, reinterpret_cast<std::uintptr_t>(moved.block), kept);
  if (how == Moved::IntoAHole) {
    abandon(moved.block);
    return nullptr;
  }
  if (how == Moved::Nothing) std::memcpy(moved.block, block, kept);
  unit.bytes.store(0, std::memory_order_relaxed);
  give_back(number, old_bytes, how == Moved::Pages ? kept : 0);
  return moved.block;
}

}  // namespace heapscribe::memory
