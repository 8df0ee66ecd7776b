#include "preload/record/root_regions.h"

#include <array>
#include <atomic>

namespace heapscribe::record {
namespace {

constexpr std::uintptr_t kFree = 0;
constexpr std::uintptr_t kClaimed = 1;

struct Place {
  std::atomic<std::uintptr_t> begin;
  std::atomic<std::size_t> bytes;
};
constinit std::array<Place, kMostRootRegions> places{};

}  // namespace

bool add_root_region(RootRegion region) {
  if (region.begin <= kClaimed || region.bytes == 0) return false;
  for (Place& place : places) {
    std::uintptr_t expected = kFree;
    if (!place.begin.compare_exchange_strong(expected, kClaimed, std::memory_order_relaxed)) {
      continue;
    }
    place.bytes.store(region.bytes, std::memory_order_relaxed);
    place.begin.store(region.begin, std::memory_order_release);
    return true;
  }
  return false;
}

bool remove_root_region(std::uintptr_t begin) {
  if (begin <= kClaimed) return false;
  for (Place& place : places) {
    std::uintptr_t expected = begin;
    if (place.begin.compare_exchange_strong(expected, kFree, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

RootRegion root_region(std::size_t place) {
  const std::uintptr_t begin = places[place].begin.load(std::memory_order_acquire);
  if (begin <= kClaimed) return {};
  return {begin, places[place].bytes.load(std::memory_order_relaxed)};
}

}  // namespace heapscribe::record
