#include "preload/platform/pages.h"

#include <sys/mman.h>

#include <atomic>

#include "preload/platform/kernel.h"

namespace heapscribe::platform {
namespace {

// begin = 0: free again.
struct Entry {
  std::atomic<std::uintptr_t> begin, end;
};

// Segments of the list of our mappings; the first one is there from the start.
struct Segment {
  static constexpr std::size_t kEntries = 254;
  std::atomic<Segment*> next;
  std::atomic<std::size_t> used;  // may exceed kEntries
  Entry entries[kEntries];
};
constinit Segment first_segment{};

void* map_unlisted(std::size_t bytes) {
  const long result = system_call(SYS_mmap, 0, static_cast<long>(bytes), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return failed(result) ? nullptr : reinterpret_cast<void*>(result);
}

std::size_t entries_of(const Segment& segment) {
  const std::size_t used = segment.used.load(std::memory_order_acquire);
  return used < Segment::kEntries ? used : Segment::kEntries;
}

Segment* following(Segment& segment) {
  Segment* next = segment.next.load(std::memory_order_acquire);
  if (next != nullptr) return next;
  auto* fresh = static_cast<Segment*>(map_unlisted(sizeof(Segment)));
  if (fresh == nullptr) return nullptr;
  if (segment.next.compare_exchange_strong(next, fresh, std::memory_order_acq_rel)) return fresh;
  system_call(SYS_munmap, as_argument(fresh), sizeof(Segment));
  return next;
}

template <typename Visit>
void for_each_entry(Visit visit) {
  for (Segment* segment = &first_segment; segment != nullptr;
       segment = segment->next.load(std::memory_order_acquire)) {
    for (std::size_t i = 0; i < entries_of(*segment); ++i) visit(segment->entries[i]);
  }
}

void forget_own_pages(const void* pages) {
  const auto address = reinterpret_cast<std::uintptr_t>(pages);
  for_each_entry([&](Entry& entry) {
    std::uintptr_t expected = address;
    entry.begin.compare_exchange_strong(expected, 0, std::memory_order_relaxed);
  });
}

}  // namespace

void* map_pages(std::size_t bytes) {
  void* pages = map_unlisted(bytes);
  if (pages != nullptr) announce_own_pages(pages, bytes);
  return pages;
}

void unmap_pages(void* pages, std::size_t bytes) {
  forget_own_pages(pages);
  system_call(SYS_munmap, as_argument(pages), static_cast<long>(bytes));
}

void announce_own_pages(const void* pages, std::size_t bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(pages);
  for (Segment* segment = &first_segment; segment != nullptr; segment = following(*segment)) {
    const std::size_t index = segment->used.fetch_add(1, std::memory_order_relaxed);
    if (index >= Segment::kEntries) continue;
    segment->entries[index].end.store(begin + round_up(bytes, kPageSize),
                                      std::memory_order_relaxed);
    segment->entries[index].begin.store(begin, std::memory_order_release);
    return;
  }
}

std::size_t list_own_pages(OwnPages* out, std::size_t capacity) {
  std::size_t count = 0;
  const auto add = [&](std::uintptr_t begin, std::uintptr_t end) {
    if (begin != 0 && count < capacity) out[count++] = {begin, end};
  };
  for_each_entry([&](const Entry& entry) {
    add(entry.begin.load(std::memory_order_acquire), entry.end.load(std::memory_order_relaxed));
  });
  for (const Segment* segment = first_segment.next; segment != nullptr; segment = segment->next) {
    const auto begin = reinterpret_cast<std::uintptr_t>(segment);
    add(begin, begin + round_up(sizeof(Segment), kPageSize));
  }
  return count;
}

}  // namespace heapscribe::platform
