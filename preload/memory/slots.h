// Slots: runs of 2^order units, aligned to their size. Slabs and huge blocks live in them.
//
// Address space is plentiful, storage is not: a slot that is given back soon loses its storage, and
// keeps its place in the range for the next slot of its size. Halving makes small ones of large
// ones; nothing is ever joined again.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heapscribe::memory {

inline constexpr unsigned kOrders = 25;  // up to 2^24 units: 1 TiB

struct Slot {
  std::uint32_t unit;  // 0 = the range is exhausted
  bool clean;          // reads as zero
};

enum class SlotUse { Slab, Huge };

Slot take_slot(unsigned order, SlotUse use);

// `touched`: how many bytes from the start may hold data.
void give_slot(std::uint32_t unit, unsigned order, std::size_t touched);

// The least order whose slots hold so many bytes; kOrders or more when none does.
unsigned slot_order(std::size_t bytes);

// Gives the storage of whole pages back to the system. False where that is not possible.
bool decommit(std::uintptr_t address, std::size_t bytes);

}  // namespace heapscribe::memory
