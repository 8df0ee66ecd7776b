#include "preload/bootstrap/break_pieces.h"

#include <atomic>

namespace heapscribe::bootstrap {
namespace {

constexpr std::size_t kMost = 256;
constinit BreakPiece pieces[kMost]{};
constinit std::atomic<std::size_t> count{0};

}  // namespace

void note_break_piece(std::uintptr_t begin, std::uintptr_t end) {
  const std::size_t index = count.fetch_add(1, std::memory_order_relaxed);
  if (index < kMost) pieces[index] = {begin, end};
}

std::span<const BreakPiece> break_pieces() {
  const std::size_t known = count.load(std::memory_order_relaxed);
  return {pieces, known < kMost ? known : kMost};
}

}  // namespace heapscribe::bootstrap
