#include "preload/memory/heap.h"

#include <emmintrin.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "preload/memory/range.h"
#include "preload/platform/kernel.h"
#include "preload/platform/pages.h"

namespace heapscribe::memory {
namespace {

// The magazine of those who have none: at once empty and full.
alignas(16) constinit BlockWord nothing[2] = {};
constinit wire::PoolThread no_counters{};

struct EmptyHeap : Heap {
  constexpr EmptyHeap() : Heap{} {
    counters = &no_counters;
    for (ClassHeap& place : classes) place.top = place.full = nothing;
  }
};
constinit EmptyHeap empty_heap;

// Owners of heaps by number: the thread's id. The kernel wipes the table in a forked child.
constexpr std::uint32_t kMaxHeaps = 65536;
constexpr std::uint32_t kForgotten = 0;
constexpr std::uint32_t kNobody = 0xFFFF'FFFF;
constinit std::atomic<std::uint32_t>* owners = nullptr;
constinit Heap** heaps = nullptr;
constinit std::atomic<std::uint32_t> heap_count{0};
constinit std::atomic<std::uint32_t> cursor{0};
constexpr std::uint32_t kHeapsToTry = 4;

void* no_shared_memory(std::size_t) {
  return nullptr;
}
std::uint32_t ask_thread_id() {
  return static_cast<std::uint32_t>(platform::system_call(SYS_gettid));
}
constinit Surroundings surroundings{no_shared_memory, nullptr, nullptr, ask_thread_id};

// A signal handler sees the old pair or the new one, never a mixture.
void set_current(Heap& heap, unsigned size_class, BlockWord* top, BlockWord* full) {
  const __m128i pair =
      _mm_set_epi64x(reinterpret_cast<std::int64_t>(full), reinterpret_cast<std::int64_t>(top));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(&heap.classes[size_class].top), pair);
}

// Word 0 of the current magazine; nullptr if there is none.
BlockWord* current_magazine(const Heap& heap, unsigned size_class) {
  BlockWord* top = heap.classes[size_class].top;
  if (top == nothing) return nullptr;
  const auto place = reinterpret_cast<std::uintptr_t>(top);
  return reinterpret_cast<BlockWord*>(place & ~(magazine_bytes(size_class) - 1));
}

// Works on `magazine` from now on.
void use(Heap& heap, unsigned size_class, BlockWord* magazine, unsigned blocks) {
  set_blocks_in(magazine, 0);
  set_current(heap, size_class, magazine + blocks, magazine + batch_blocks(size_class));
}

wire::PoolClass& counters_of(Heap& heap, unsigned size_class) {
  return heap.counters->classes[size_class];
}

void return_all(Heap& heap, unsigned size_class, BlockWord* magazine, unsigned blocks) {
  add(counters_of(heap, size_class).given, blocks);
  return_blocks(size_class, magazine + 1, blocks);
}

// Birth and death of heaps
// --------------------------------------------------------------------------------

// In memory that the collector reads, or else in our own.
wire::PoolThread* make_counters() {
  auto* shared =
      static_cast<wire::PoolThread*>(surroundings.shared_memory(sizeof(wire::PoolThread)));
  if (shared == nullptr) {
    return static_cast<wire::PoolThread*>(arena_allocate(sizeof(wire::PoolThread)));
  }
  pool_record().metadata_bytes.fetch_add(sizeof(wire::PoolThread), std::memory_order_relaxed);
  const std::uint32_t number = surroundings.number_in_session(shared);
  std::atomic<std::uint32_t>& first = *surroundings.first_thread();
  std::uint32_t next = first.load(std::memory_order_relaxed);
  do {
    shared->next = next;
  } while (!first.compare_exchange_weak(next, number, std::memory_order_release,
                                        std::memory_order_relaxed));
  return shared;
}

bool has_ended(std::uint32_t thread) {
  return platform::system_call(SYS_tgkill, platform::system_call(SYS_getpid), thread, 0) == -ESRCH;
}

// A heap whose thread is gone, for the caller to have. Looks at a few only, each time at others.
Heap* claim_abandoned(std::uint32_t self, bool for_good) {
  const std::uint32_t count = heap_count.load(std::memory_order_acquire);
  const std::uint32_t tries = count < kHeapsToTry ? count : kHeapsToTry;
  for (std::uint32_t i = 0; i < tries; ++i) {
    const std::uint32_t number = cursor.fetch_add(1, std::memory_order_relaxed) % count;
    std::uint32_t owner = owners[number].load(std::memory_order_acquire);
    if (owner == kForgotten) continue;
    // A thread without a heap that meets its own id there has got it from an ended one.
    const bool same_id = owner == self;
    if (same_id && !for_good) continue;
    if (owner == kNobody && !for_good) continue;
    if (owner != kNobody && !same_id && !(may_call_system() && has_ended(owner))) continue;
    if (owners[number].compare_exchange_strong(owner, self, std::memory_order_acquire)) {
      return heaps[number];
    }
  }
  return nullptr;
}

Heap* make_heap(std::uint32_t self) {
  auto* heap = static_cast<Heap*>(arena_allocate(platform::round_up(sizeof(Heap), 64)));
  if (heap == nullptr) return nullptr;
  const std::uint32_t number = heap_count.fetch_add(1, std::memory_order_relaxed);
  if (number >= kMaxHeaps) {
    heap_count.store(kMaxHeaps, std::memory_order_relaxed);
    return nullptr;
  }
  for (ClassHeap& place : heap->classes) place.top = place.full = nothing;
  heap->counters = &no_counters;
  heap->number = number;
  heaps[number] = heap;
  owners[number].store(self, std::memory_order_release);
  pool_record().heaps.fetch_add(1, std::memory_order_relaxed);
  return heap;
}

// Gives all blocks of a heap back that the caller has claimed.
void empty(Heap& heap) {
  for (unsigned c = 1; c <= kClasses; ++c) {
    BlockWord* magazine = current_magazine(heap, c);
    BlockWord* reserve = heap.reserve[c];
    const auto blocks =
        magazine != nullptr ? static_cast<unsigned>(heap.classes[c].top - magazine) : 0;
    set_current(heap, c, nothing, nothing);
    heap.reserve[c] = nullptr;
    if (magazine != nullptr) {
      return_all(heap, c, magazine, blocks);
      drop_magazine(c, magazine);
    }
    if (reserve != nullptr) {
      return_all(heap, c, reserve, blocks_in(reserve));
      drop_magazine(c, reserve);
    }
  }
}

// Before new memory is taken: what have ended threads left? Asked seldom: the kernel has to say
// whether a thread lives.
bool empty_an_abandoned_heap() {
  constexpr std::uint32_t kAskEvery = 64;
  static constinit std::atomic<std::uint32_t> occasions{0};
  if (heap_count.load(std::memory_order_relaxed) < 2 || !may_call_system()) return false;
  if (occasions.fetch_add(1, std::memory_order_relaxed) % kAskEvery != 0) return false;
  Heap* heap = claim_abandoned(surroundings.thread_id(), false);
  if (heap == nullptr) return false;
  empty(*heap);
  owners[heap->number].store(kNobody, std::memory_order_release);
  return true;
}

// In a child of fork that was made without telling us.
bool was_forgotten(const Heap& heap) {
  return owners[heap.number].load(std::memory_order_relaxed) == kForgotten;
}

// Refilling
// --------------------------------------------------------------------------------

bool use_reserve(Heap& heap, unsigned size_class) {
  BlockWord* reserve = heap.reserve[size_class];
  if (reserve == nullptr || blocks_in(reserve) == 0) return false;
  BlockWord* magazine = current_magazine(heap, size_class);
  const unsigned blocks = blocks_in(reserve);
  heap.reserve[size_class] = nullptr;
  use(heap, size_class, reserve, blocks);
  heap.reserve[size_class] = magazine;  // empty: its word 0 is 0
  return true;
}

bool use_depot(Heap& heap, unsigned size_class) {
  BlockWord* brought = take_from_depot(size_class);
  if (brought == nullptr) return false;
  BlockWord* magazine = current_magazine(heap, size_class);
  const unsigned blocks = blocks_in(brought);
  add(counters_of(heap, size_class).received, blocks);
  use(heap, size_class, brought, blocks);
  if (magazine == nullptr) return true;
  if (heap.reserve[size_class] == nullptr) {
    heap.reserve[size_class] = magazine;
  } else {
    drop_magazine(size_class, magazine);
  }
  return true;
}

// A thread that uses little of a class shall not touch much memory for it.
unsigned blocks_to_cut(const wire::PoolClass& counters, unsigned size_class) {
  const std::uint64_t so_far = counters.created.load(std::memory_order_relaxed);
  const unsigned batch = batch_blocks(size_class);
  if (so_far >= batch) return batch;
  const unsigned at_least = 512U / kShapes[size_class].size;
  return std::max({1U, at_least, static_cast<unsigned>(so_far)});
}

unsigned bring_used(wire::PoolClass& counters, unsigned size_class, BlockWord* places) {
  const unsigned blocks = take_used_blocks(size_class, places, batch_blocks(size_class));
  add(counters.received, blocks);
  return blocks;
}

unsigned bring_fresh(wire::PoolClass& counters, unsigned size_class, BlockWord* places, bool grow) {
  const unsigned blocks = cut_blocks(size_class, places, blocks_to_cut(counters, size_class), grow);
  add(counters.created, blocks);
  return blocks;
}

unsigned bring(wire::PoolClass& counters, unsigned size_class, BlockWord* places) {
  if (const unsigned blocks = bring_used(counters, size_class, places)) return blocks;
  if (const unsigned blocks = bring_fresh(counters, size_class, places, false)) return blocks;
  if (empty_an_abandoned_heap()) {
    if (const unsigned blocks = bring_used(counters, size_class, places)) return blocks;
  }
  return bring_fresh(counters, size_class, places, true);
}

// Takes the reserve out of the heap, with room in it; nullptr when there is no memory for one.
BlockWord* pass_on_full_reserve(Heap& heap, unsigned size_class) {
  BlockWord* reserve = heap.reserve[size_class];
  heap.reserve[size_class] = nullptr;
  if (reserve == nullptr) return new_magazine(size_class);
  const unsigned blocks = blocks_in(reserve);
  if (blocks < batch_blocks(size_class)) return reserve;
  if (leave_in_depot(size_class, reserve)) {
    add(counters_of(heap, size_class).given, blocks);
    return new_magazine(size_class);
  }
  return_all(heap, size_class, reserve, blocks);
  set_blocks_in(reserve, 0);
  return reserve;
}

}  // namespace

constinit thread_local Heap* thread_heap = &empty_heap;

void set_surroundings(const Surroundings& given) {
  surroundings = given;
}

bool prepare_heaps() {
  const std::size_t owner_bytes = kMaxHeaps * sizeof(std::uint32_t);
  void* pages = platform::map_pages(owner_bytes);
  void* places = platform::map_pages(kMaxHeaps * sizeof(void*));
  if (pages == nullptr || places == nullptr) return false;
  platform::system_call(SYS_madvise, platform::as_argument(pages), static_cast<long>(owner_bytes),
                        MADV_WIPEONFORK);
  heaps = static_cast<Heap**>(places);
  owners = static_cast<std::atomic<std::uint32_t>*>(pages);
  return true;
}

Heap* own_heap() {
  Heap* heap = thread_heap;
  if (heap != &empty_heap) {
    if (was_forgotten(*heap)) [[unlikely]]
      heaps_after_fork();
    return heap;
  }
  if (owners == nullptr || range.bytes == 0) return nullptr;
  const std::uint32_t self = surroundings.thread_id();
  heap = claim_abandoned(self, true);
  if (heap == nullptr) heap = make_heap(self);
  if (heap == nullptr) return nullptr;
  if (heap->counters == &no_counters) {
    wire::PoolThread* counters = make_counters();
    if (counters == nullptr) return nullptr;
    heap->counters = counters;
  }
  thread_heap = heap;
  return heap;
}

void publish(Heap& heap, unsigned size_class) {
  const ClassHeap& counted = heap.classes[size_class];
  wire::PoolClass& shown = heap.counters->classes[size_class];
  shown.allocations.store(counted.allocations.load(std::memory_order_relaxed),
                          std::memory_order_relaxed);
  shown.requested_bytes.store(counted.requested_bytes.load(std::memory_order_relaxed),
                              std::memory_order_relaxed);
}

void publish_everything() {
  if (owners == nullptr) return;
  if (&empty_heap != thread_heap) own_heap();  // a forked child shows nobody anything
  const std::uint32_t count = heap_count.load(std::memory_order_acquire);
  for (std::uint32_t number = 0; number < count && number < kMaxHeaps; ++number) {
    if (owners[number].load(std::memory_order_acquire) == kForgotten) continue;
    for (unsigned c = 0; c <= kClasses; ++c) publish(*heaps[number], c);
  }
}

// All other heaps were those of threads that the child does not have.
void heaps_after_fork() {
  count_privately();
  surroundings.shared_memory = no_shared_memory;
  Heap* own = thread_heap;
  const std::uint32_t count = heap_count.load(std::memory_order_acquire);
  for (std::uint32_t number = 0; number < count && number < kMaxHeaps; ++number) {
    Heap* heap = heaps[number];
    if (heap == nullptr) continue;
    const bool is_own = heap == own;
    auto* counters =
        static_cast<wire::PoolThread*>(is_own ? arena_allocate(sizeof(wire::PoolThread)) : nullptr);
    heap->counters = counters != nullptr ? counters : &no_counters;
    owners[number].store(is_own ? surroundings.thread_id() : kNobody, std::memory_order_relaxed);
  }
}

bool refill(Heap& heap, unsigned size_class) {
  publish(heap, size_class);
  if (use_reserve(heap, size_class) || use_depot(heap, size_class)) return true;
  BlockWord* magazine = current_magazine(heap, size_class);
  if (magazine == nullptr) {
    magazine = new_magazine(size_class);
    if (magazine == nullptr) return false;
    use(heap, size_class, magazine, 0);
  }
  const unsigned blocks = bring(counters_of(heap, size_class), size_class, magazine + 1);
  if (blocks == 0) return false;
  use(heap, size_class, magazine, blocks);
  return true;
}

// The oldest blocks go, and half stay: a thread that frees and allocates in turn shall not come
// here each time. The magazines are out of sight meanwhile, lest a block be seen in both.
bool make_room(Heap& heap, unsigned size_class) {
  publish(heap, size_class);
  const unsigned batch = batch_blocks(size_class);
  BlockWord* magazine = current_magazine(heap, size_class);
  if (magazine == nullptr) {
    magazine = new_magazine(size_class);
    if (magazine != nullptr) use(heap, size_class, magazine, 0);
    return magazine != nullptr;
  }
  BlockWord* reserve = pass_on_full_reserve(heap, size_class);
  if (reserve == nullptr) return false;
  const unsigned there = blocks_in(reserve);
  const unsigned half = (batch + 1) / 2;
  const unsigned moving = batch - there < half ? batch - there : half;
  set_current(heap, size_class, nothing, nothing);
  std::memcpy(reserve + 1 + there, magazine + 1, moving * sizeof(BlockWord));
  std::memmove(magazine + 1, magazine + 1 + moving, (batch - moving) * sizeof(BlockWord));
  use(heap, size_class, magazine, batch - moving);
  set_blocks_in(reserve, there + moving);
  heap.reserve[size_class] = reserve;
  return true;
}

}  // namespace heapscribe::memory
