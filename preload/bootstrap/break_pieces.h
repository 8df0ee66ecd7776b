// What the program took by sbrk for itself: it lies among libc's heap, but holds the program's
// data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace heapscribe::bootstrap {

struct BreakPiece {
  std::uintptr_t begin, end;
};

// Few programs do it, and few times; what exceeds the room is forgotten.
void note_break_piece(std::uintptr_t begin, std::uintptr_t end);
std::span<const BreakPiece> break_pieces();

}  // namespace heapscribe::bootstrap
