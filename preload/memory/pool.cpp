#include "preload/memory/pool.h"

#include <pthread.h>
#include <x86intrin.h>

#include <cstdlib>
#include <cstring>

#include "preload/memory/huge.h"
#include "preload/memory/slabs.h"
#include "preload/platform/notice.h"
#include "preload/platform/pages.h"
#include "preload/platform/text.h"

namespace heapscribe::memory {
namespace {

constinit std::atomic<bool> timer_allowed{true};

// A sampled allocation's time, from birth to death of this object.
class Timing {
 public:
  Timing(Heap& heap, std::uint64_t allocations)
      : heap_(allocations != 0 && detail::may_be_timed(allocations) &&
                      timer_allowed.load(std::memory_order_relaxed)
                  ? &heap
                  : nullptr) {
    if (heap_ != nullptr) begin_ = __rdtsc();
  }
  ~Timing() {
    if (heap_ == nullptr) return;
    const std::uint64_t both = __rdtsc() - begin_;
    const std::uint64_t reading = pool_record().timer_ticks;
    const std::uint64_t ticks = both > reading ? both - reading : 0;
    add(heap_->counters->timed_allocations, 1);
    add(heap_->counters->timed_ticks, ticks);
    add(heap_->counters->times[wire::time_bucket(ticks)], 1);
  }
  Timing(const Timing&) = delete;
  Timing& operator=(const Timing&) = delete;

 private:
  Heap* heap_;
  std::uint64_t begin_ = 0;
};

// The next block of the class, with its mark; 0 when there is none.
BlockWord take_block(std::size_t size, unsigned size_class) {
  Heap* heap = own_heap();
  if (heap == nullptr) return 0;
  ClassHeap& place = heap->classes[size_class];
  const std::uint64_t so_far = place.allocations.load(std::memory_order_relaxed);
  const Timing timing(*heap, so_far);
  if (*place.top == 0) {
    if (!refill(*heap, size_class)) return 0;
    add(heap->counters->classes[size_class].refills, 1);
  }
  const BlockWord block = *place.top;
  --place.top;
  detail::count(place, so_far, size);
  return block;
}

HugeBlock take_huge(std::size_t size, std::size_t alignment) {
  Heap* heap = own_heap();
  if (heap == nullptr) return {nullptr, false, 0};
  wire::PoolClass& counters = heap->counters->classes[0];
  const std::uint64_t so_far = heap->classes[0].allocations.load(std::memory_order_relaxed);
  const Timing timing(*heap, so_far);
  const HugeBlock made = allocate_huge(size, alignment);
  if (made.block == nullptr) return made;
  detail::count(heap->classes[0], so_far, size);
  publish(*heap, 0);
  add(counters.served_bytes, huge_size(made.block));
  add(counters.refills, 1);
  if (made.clean) add(counters.created, 1);
  return made;
}

// A class whose blocks are all aligned so; 0 if there is none.
unsigned aligned_class(std::size_t alignment, std::size_t size) {
  if (size > kMaxSmall || alignment > kMaxSmall) return 0;
  for (unsigned c = size_class(size); c <= kClasses; ++c) {
    if (kShapes[c].size % alignment == 0) return c;
  }
  return 0;
}

void* moved(void* block, std::size_t size, std::size_t old_size) {
  void* other = allocate(size);
  if (other == nullptr) return nullptr;
  std::memcpy(other, block, size < old_size ? size : old_size);
  release(block);
  return other;
}

[[noreturn]] void report(std::string_view what, const void* block) {
  platform::Text<32> address;
  address << "0x";
  address.hex(reinterpret_cast<std::uintptr_t>(block));
  platform::notice(what, address.view());
  std::abort();
}

}  // namespace

bool start_pool(bool with_record_words, std::size_t at_most) {
  if (range.bytes != 0) return true;
  if (!prepare_heaps() || !reserve_range(with_record_words, at_most)) return false;
  pool_record().range_bytes = range.bytes;
  pthread_atfork(nullptr, nullptr, heaps_after_fork);
  return true;
}

void avoid_system_calls() {
  avoid_timer();
  open_everything();
}

void avoid_timer() {
  timer_allowed.store(false, std::memory_order_relaxed);
}

void* allocate(std::size_t size) {
  if (size > kMaxSmall) return take_huge(size, 1).block;
  return reinterpret_cast<void*>(take_block(size, size_class(size)) & ~kFresh);
}

void release_slowly(void* block, std::size_t offset) {
  const unsigned c = class_at(offset);
  if (c == kHuge && release_huge(block)) return;
  if (c == 0 || c > kClasses) report_wild_release(block);
  const auto word = reinterpret_cast<BlockWord>(block);
  Heap* heap = own_heap();
  if (heap == nullptr) return return_blocks(c, &word, 1);
  ClassHeap& place = heap->classes[c];
  if (place.top == place.full) {  // not so in a heap that was just taken over
    add(heap->counters->classes[c].spills, 1);
    if (!make_room(*heap, c)) {
      add(heap->counters->classes[c].given, 1);
      return return_blocks(c, &word, 1);
    }
  }
  *++place.top = word;
}

void report_wild_release(const void* block) {
  report("free() of an address where no block begins: ", block);
}

void report_double_release(const void* block) {
  report("free() of a block that is free already: ", block);
}

void* allocate_zeroed(std::size_t bytes) {
  if (bytes > kMaxSmall) {
    const HugeBlock made = take_huge(bytes, 1);
    if (made.block != nullptr && made.dirty != 0) {
      std::memset(made.block, 0, bytes < made.dirty ? bytes : made.dirty);
    }
    return made.block;
  }
  const unsigned c = size_class(bytes);
  const BlockWord block = take_block(bytes, c);
  auto* zeroed = reinterpret_cast<void*>(block & ~kFresh);
  if (block != 0 && (block & kFresh) == 0) std::memset(zeroed, 0, bytes);
  return zeroed;
}

void* allocate_aligned(std::size_t alignment, std::size_t size) {
  if (alignment <= kGranule) return allocate(size);
  const unsigned c = aligned_class(alignment, size);
  if (c == 0) return take_huge(size, alignment).block;
  return reinterpret_cast<void*>(take_block(size, c) & ~kFresh);
}

void* resize(void* block, std::size_t size) {
  const unsigned c = class_at(offset_of(block));
  const std::size_t old_size = usable_size(block);
  if (c == kHuge && size > kMaxSmall) return resize_huge(block, size);
  // A block that shrinks a little stays where it is.
  if (c != kHuge && size <= old_size && size >= old_size / 2) return block;
  return moved(block, size, old_size);
}

std::size_t huge_usable_size(const void* block) {
  return class_at(offset_of(block)) == kHuge ? huge_size(block) : 0;
}

}  // namespace heapscribe::memory
