#include "preload/bootstrap/early_heap.h"

#include <atomic>
#include <cstdint>

#include "preload/platform/pages.h"

namespace heapscribe::bootstrap {
namespace {

// A static part for the usual few hundred bytes, and one reservation behind it that is only
// touched if a target makes the look-up allocate without end.
constexpr std::size_t kStaticBytes = std::size_t{64} << 10;
constexpr std::size_t kReserveBytes = std::size_t{256} << 20;

struct Area {
  char* begin;
  std::size_t bytes;
  std::atomic<std::size_t> used;
};

alignas(64) char static_bytes[kStaticBytes];
constinit Area static_area{static_bytes, kStaticBytes, 0};
constinit Area reserve{nullptr, 0, 0};

// Layout of a block: its size in the 16 bytes before it.
void* carve(Area& area, std::size_t size, std::size_t alignment) {
  if (size > area.bytes || alignment > area.bytes) return nullptr;
  const std::size_t wanted = platform::round_up(size, 16) + alignment + 16;
  const std::size_t at = area.used.fetch_add(wanted, std::memory_order_relaxed);
  if (at + wanted > area.bytes) return nullptr;
  const auto start = reinterpret_cast<std::uintptr_t>(area.begin) + at + 16;
  char* block = reinterpret_cast<char*>(platform::round_up(start, alignment));
  *reinterpret_cast<std::size_t*>(block - 16) = size;
  return block;
}

bool contains(const Area& area, const void* block) {
  return block >= area.begin && block < area.begin + area.bytes && area.begin != nullptr;
}

}  // namespace

void* early_allocate(std::size_t size, std::size_t alignment) {
  if (alignment < 16) alignment = 16;
  if (void* block = carve(static_area, size, alignment)) return block;
  if (reserve.begin == nullptr) {
    reserve.begin = static_cast<char*>(platform::map_pages(kReserveBytes));
    reserve.bytes = kReserveBytes;
  }
  return carve(reserve, size, alignment);
}

bool is_early(const void* block) {
  return contains(static_area, block) || contains(reserve, block);
}

std::size_t early_size(const void* block) {
  return *reinterpret_cast<const std::size_t*>(static_cast<const char*>(block) - 16);
}

}  // namespace heapscribe::bootstrap
