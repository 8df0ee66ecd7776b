#include "preload/memory/magazines.h"

#include <atomic>

#include "preload/memory/range.h"
#include "preload/memory/statistics.h"
#include "preload/memory/tagged_stack.h"

namespace heapscribe::memory {
namespace {

// Word 0. The link is 0 unless the magazine is in a stack.
struct Header {
  std::atomic<std::uint32_t> next;
  std::uint32_t blocks;
};
static_assert(sizeof(Header) == sizeof(BlockWord));

struct MagazineLink {
  static std::atomic<std::uint32_t>& of(std::uint32_t number) {
    return arena_record<Header>(number)->next;
  }
};
using MagazineStack = TaggedStack<MagazineLink>;

struct alignas(64) Depot {
  MagazineStack full;
  std::atomic<std::int32_t> count;
};
constinit Depot depots[kClasses + 1] = {};
constinit MagazineStack empty_magazines[4];  // 64, 128, 256, 512 bytes

MagazineStack& empty_of(unsigned size_class) {
  return empty_magazines[std::countr_zero(magazine_bytes(size_class)) - 6];
}
static_assert(magazine_bytes(1) == 512 && magazine_bytes(kClasses) == 64);

// A few, and more where much is in use.
std::int32_t depot_limit(unsigned size_class) {
  const std::int64_t blocks =
      pool_record().classes[size_class].blocks.load(std::memory_order_relaxed);
  return static_cast<std::int32_t>(4 + blocks / (8 * batch_blocks(size_class)));
}

}  // namespace

unsigned blocks_in(const BlockWord* magazine) {
  return reinterpret_cast<const Header*>(magazine)->blocks;
}

void set_blocks_in(BlockWord* magazine, unsigned blocks) {
  auto* header = reinterpret_cast<Header*>(magazine);
  header->next.store(0, std::memory_order_relaxed);
  header->blocks = blocks;
}

BlockWord* new_magazine(unsigned size_class) {
  const std::uint32_t number = empty_of(size_class).pop();
  if (number == 0) return static_cast<BlockWord*>(arena_allocate(magazine_bytes(size_class)));
  auto* magazine = arena_record<BlockWord>(number);
  set_blocks_in(magazine, 0);
  return magazine;
}

void drop_magazine(unsigned size_class, BlockWord* magazine) {
  empty_of(size_class).push(arena_number(magazine));
}

bool leave_in_depot(unsigned size_class, BlockWord* magazine) {
  Depot& depot = depots[size_class];
  if (depot.count.load(std::memory_order_relaxed) >= depot_limit(size_class)) return false;
  depot.count.fetch_add(1, std::memory_order_relaxed);
  note_blocks(size_class, -static_cast<std::int64_t>(blocks_in(magazine)));
  depot.full.push(arena_number(magazine));
  return true;
}

BlockWord* take_from_depot(unsigned size_class) {
  Depot& depot = depots[size_class];
  const std::uint32_t number = depot.full.pop();
  if (number == 0) return nullptr;
  depot.count.fetch_sub(1, std::memory_order_relaxed);
  auto* magazine = arena_record<BlockWord>(number);
  note_blocks(size_class, blocks_in(magazine));
  return magazine;
}

}  // namespace heapscribe::memory
