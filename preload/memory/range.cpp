#include "preload/memory/range.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <bit>

#include "preload/memory/statistics.h"
#include "preload/platform/kernel.h"
#include "preload/platform/pages.h"

namespace heapscribe::memory {

constinit Range range{};

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kLargest = std::size_t{1} << 40;
constexpr std::size_t kSmallest = 16 * kMiB;
constexpr std::size_t kBaseAlignment = std::size_t{1} << 30;
constexpr std::size_t kOpenStep = 32 * kMiB / kUnitBytes;

constinit std::atomic<std::size_t> opened{0};  // units
constinit std::atomic<std::size_t> arena_used{0};
constinit std::atomic<bool> restricted{false};

struct Layout {
  std::size_t blocks, words, units, classes, arena;
  std::size_t total() const { return blocks + words + units + classes + arena; }
};

Layout layout_for(std::size_t blocks, bool with_words) {
  const std::size_t units = blocks / kUnitBytes;
  return {blocks, with_words ? blocks / 2 : 0, platform::round_up(units * sizeof(Unit), 4096),
          platform::round_up(units, 4096), blocks / 256};
}

bool make_usable(std::uintptr_t begin, std::size_t bytes) {
  const auto address = static_cast<long>(begin);
  const auto length = static_cast<long>(bytes);
  const long result = platform::system_call(SYS_mprotect, address, length, PROT_READ | PROT_WRITE);
  if (platform::failed(result)) return false;
  platform::system_call(SYS_madvise, address, length, MADV_DODUMP);
  return true;
}

void unmap(std::uintptr_t begin, std::uintptr_t end) {
  if (begin < end) {
    platform::system_call(SYS_munmap, static_cast<long>(begin), static_cast<long>(end - begin));
  }
}

// Address space without storage, aligned; 0 when the kernel refuses.
std::uintptr_t reserve(std::size_t bytes, std::size_t alignment) {
  const long result =
      platform::system_call(SYS_mmap, 0, static_cast<long>(bytes + alignment), PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (platform::failed(result)) return 0;
  const auto begin = static_cast<std::uintptr_t>(result);
  const std::uintptr_t aligned = platform::round_up(begin, alignment);
  unmap(begin, aligned);
  unmap(aligned + bytes, begin + bytes + alignment);
  platform::system_call(SYS_madvise, static_cast<long>(aligned), static_cast<long>(bytes),
                        MADV_DONTDUMP);
  return aligned;
}

bool try_reserve(std::size_t blocks, bool with_words) {
  const Layout layout = layout_for(blocks, with_words);
  const std::size_t alignment = blocks < kBaseAlignment ? blocks : kBaseAlignment;
  const std::uintptr_t base = reserve(layout.total(), alignment);
  if (base == 0) return false;
  const std::uintptr_t words = base + layout.blocks;
  const std::uintptr_t tables = words + layout.words;
  if (!make_usable(tables, layout.units + layout.classes + layout.arena)) {
    unmap(base, base + layout.total());
    return false;
  }
  range.units = reinterpret_cast<Unit*>(tables);
  range.classes = reinterpret_cast<std::atomic<std::uint8_t>*>(tables + layout.units);
  range.arena = reinterpret_cast<char*>(tables + layout.units + layout.classes);
  range.arena_bytes = layout.arena;
  range.words = with_words ? reinterpret_cast<std::uint64_t*>(words) : nullptr;
  range.alignment = alignment;
  range.base = base;
  range.bytes = layout.blocks;
  platform::announce_own_pages(reinterpret_cast<void*>(base), layout.total());
  return true;
}

// The program wants address space too: where it is limited, we take at most half of it.
std::size_t address_space_for_us() {
  const std::size_t limit = address_space_limit();
  return limit == SIZE_MAX ? SIZE_MAX : limit / 2;
}

}  // namespace

std::size_t address_space_limit() {
  struct {
    std::uint64_t soft, hard;
  } limit{RLIM_INFINITY, RLIM_INFINITY};
  platform::system_call(SYS_prlimit64, 0, RLIMIT_AS, 0, platform::as_argument(&limit));
  return limit.soft == RLIM_INFINITY ? SIZE_MAX : limit.soft;
}

bool reserve_range(bool with_words, std::size_t at_most) {
  const std::size_t space = address_space_for_us();
  for (std::size_t blocks = kLargest; blocks >= kSmallest; blocks /= 2) {
    if (blocks > at_most || layout_for(blocks, with_words).total() > space) continue;
    if (try_reserve(blocks, with_words)) return true;
  }
  return false;
}

bool open_units(std::size_t end) {
  std::size_t seen = opened.load(std::memory_order_acquire);
  if (end <= seen) return true;
  if (!may_call_system()) return false;
  const std::size_t all = range.bytes / kUnitBytes;
  std::size_t until = platform::round_up(end, kOpenStep);
  if (until > all) until = all;
  const std::size_t bytes = (until - seen) * kUnitBytes;
  if (!make_usable(range.base + seen * kUnitBytes, bytes)) return false;
  if (range.words != nullptr &&
      !make_usable(reinterpret_cast<std::uintptr_t>(range.words + seen * kWordsPerUnit),
                   bytes / 2)) {
    return false;
  }
  while (seen < until && !opened.compare_exchange_weak(seen, until, std::memory_order_acq_rel,
                                                       std::memory_order_acquire)) {
  }
  return true;
}

std::size_t opened_units() {
  return opened.load(std::memory_order_acquire);
}

void open_everything() {
  if (range.bytes != 0) open_units(range.bytes / kUnitBytes);
  restricted.store(true, std::memory_order_relaxed);
}

bool may_call_system() {
  return !restricted.load(std::memory_order_relaxed);
}

void* arena_allocate(std::size_t bytes) {
  const std::size_t alignment =
      std::has_single_bit(bytes) && bytes >= 64 && bytes <= 4096 ? bytes : 64;
  std::size_t used = arena_used.load(std::memory_order_relaxed);
  std::size_t begin = 0;
  do {
    begin = platform::round_up(used + 64 * (used == 0), alignment);  // number 0 means none
    if (begin + bytes > range.arena_bytes) return nullptr;
  } while (!arena_used.compare_exchange_weak(used, begin + bytes, std::memory_order_relaxed));
  pool_record().metadata_bytes.fetch_add(bytes, std::memory_order_relaxed);
  return range.arena + begin;
}

}  // namespace heapscribe::memory
