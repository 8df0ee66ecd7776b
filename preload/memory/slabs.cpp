#include "preload/memory/slabs.h"

#include "preload/memory/range.h"
#include "preload/memory/size_classes.h"
#include "preload/memory/slots.h"
#include "preload/memory/statistics.h"
#include "preload/memory/tagged_stack.h"

namespace heapscribe::memory {
namespace {

struct alignas(64) SlabClass {
  TaggedStack<UnitLink> partial;       // slabs with blocks on their chain
  std::atomic<std::uint64_t> cutting;  // unit << 32 | blocks cut off so far
  std::atomic<std::int32_t> empty;     // slabs with all of their blocks on the chain
};
constinit SlabClass slab_classes[kClasses + 1] = {};

// Unit::chain: number of the first block + 1, length, and whether the slab is on (or on its way to)
// the stack of its class.
struct Chain {
  std::uint32_t first;
  std::uint32_t length;
  bool listed;
};
constexpr std::uint64_t pack(Chain chain) {
  return chain.first | std::uint64_t{chain.length} << 16 | std::uint64_t{chain.listed} << 32;
}
constexpr Chain unpack(std::uint64_t word) {
  return {static_cast<std::uint32_t>(word & 0xFFFF),
          static_cast<std::uint32_t>(word >> 16) & 0xFFFF, (word >> 32) != 0};
}

// The link lies in the block itself.
std::uint32_t& link_in(std::uintptr_t block) {
  return *reinterpret_cast<std::uint32_t*>(block);
}

unsigned order_of_class(unsigned size_class) {
  return slot_order(slab_bytes(size_class));
}

void set_classes(std::uint32_t unit, unsigned order, std::uint8_t size_class) {
  for (std::uint32_t i = 0; i < std::uint32_t{1} << order; ++i) {
    range.classes[unit + i].store(size_class, std::memory_order_relaxed);
  }
}

std::uint32_t make_slab(unsigned size_class) {
  const unsigned order = order_of_class(size_class);
  const Slot slot = take_slot(order, SlotUse::Slab);
  if (slot.unit == 0) return 0;
  Unit& unit = range.units[slot.unit];
  unit.chain.store(0, std::memory_order_relaxed);
  // Old data may reach anywhere once the slab is in use; `bytes` says whether it began clean.
  unit.bytes.store(slot.clean ? 1 : 0, std::memory_order_relaxed);
  set_classes(slot.unit, order, static_cast<std::uint8_t>(size_class));
  pool_record().classes[size_class].slabs.fetch_add(1, std::memory_order_relaxed);
  note_held(static_cast<std::int64_t>(slab_bytes(size_class)));
  return slot.unit;
}

// For a slab that nobody else can reach: all of its blocks are in it.
void unmake_slab(unsigned size_class, std::uint32_t unit, std::size_t touched) {
  const unsigned order = order_of_class(size_class);
  set_classes(unit, order, 0);
  range.units[unit].bytes.store(0, std::memory_order_relaxed);
  pool_record().classes[size_class].slabs.fetch_sub(1, std::memory_order_relaxed);
  note_held(-static_cast<std::int64_t>(slab_bytes(size_class)));
  give_slot(unit, order, touched);
}

// Empty slabs that are kept for what comes next.
std::int32_t slabs_to_keep(unsigned size_class) {
  const std::int64_t slabs =
      pool_record().classes[size_class].slabs.load(std::memory_order_relaxed);
  return static_cast<std::int32_t>(1 + slabs / 16);
}

// Goes through the whole stack, so it is worth it only when there is much to gain.
void give_empty_slabs_back(unsigned size_class) {
  SlabClass& state = slab_classes[size_class];
  std::int32_t keep = slabs_to_keep(size_class);
  for (std::uint32_t unit = state.partial.take_all(); unit != 0;) {
    const std::uint32_t below = UnitLink::of(unit).load(std::memory_order_relaxed);
    const Chain chain = unpack(range.units[unit].chain.load(std::memory_order_acquire));
    if (chain.length == kShapes[size_class].capacity && keep-- <= 0) {
      state.empty.fetch_sub(1, std::memory_order_relaxed);
      unmake_slab(size_class, unit, slab_bytes(size_class));
    } else {
      state.partial.push(unit);
    }
    unit = below;
  }
}

// Puts blocks of one slab, linked already, onto its chain.
void push_chain(unsigned size_class, std::uint32_t unit, std::uint32_t first, std::uintptr_t last,
                std::uint32_t count) {
  std::atomic<std::uint64_t>& word = range.units[unit].chain;
  std::uint64_t seen = word.load(std::memory_order_relaxed);
  Chain before{};
  do {
    before = unpack(seen);
    link_in(last) = before.first;
  } while (!word.compare_exchange_weak(seen, pack({first, before.length + count, true}),
                                       std::memory_order_acq_rel, std::memory_order_relaxed));
  SlabClass& state = slab_classes[size_class];
  const bool empty = before.length + count == kShapes[size_class].capacity;
  const std::int32_t empties = empty ? state.empty.fetch_add(1, std::memory_order_relaxed) + 1 : 0;
  if (!before.listed) state.partial.push(unit);
  if (empties > 2 * slabs_to_keep(size_class)) give_empty_slabs_back(size_class);
}

// Takes up to `wanted` blocks off the chain of a slab that the caller has popped.
unsigned take_from_chain(unsigned size_class, std::uint32_t unit, BlockWord* out, unsigned wanted) {
  const ClassShape& shape = kShapes[size_class];
  std::atomic<std::uint64_t>& word = range.units[unit].chain;
  std::uint64_t seen = word.load(std::memory_order_acquire);
  Chain before{};
  Chain after{};
  unsigned count = 0;
  do {
    before = unpack(seen);
    std::uint32_t next = before.first;
    for (count = 0; count < wanted && next != 0; ++count) {
      out[count] = unit_address(unit) + std::size_t{next - 1} * shape.size;
      next = link_in(out[count]);
    }
    const std::uint32_t left = before.length - count;
    after = {next, left, left != 0};
  } while (!word.compare_exchange_weak(seen, pack(after), std::memory_order_acq_rel,
                                       std::memory_order_acquire));
  SlabClass& state = slab_classes[size_class];
  if (before.length == shape.capacity) state.empty.fetch_sub(1, std::memory_order_relaxed);
  if (after.listed) state.partial.push(unit);
  return count;
}

struct Cut {
  std::uint32_t unit;
  std::uint32_t first;
  std::uint32_t count;
};

Cut cut_from_new_slab(unsigned size_class, std::uint64_t& seen, unsigned wanted) {
  const std::uint32_t capacity = kShapes[size_class].capacity;
  const std::uint32_t unit = make_slab(size_class);
  if (unit == 0) return {0, 0, 0};
  const std::uint32_t count = wanted < capacity ? wanted : capacity;
  if (slab_classes[size_class].cutting.compare_exchange_strong(
          seen, std::uint64_t{unit} << 32 | count, std::memory_order_acq_rel,
          std::memory_order_acquire)) {
    return {unit, 0, count};
  }
  // Another thread was faster: its slab will do.
  const bool clean = range.units[unit].bytes.load(std::memory_order_relaxed) != 0;
  unmake_slab(size_class, unit, clean ? 0 : slab_bytes(size_class));
  return {unit, 0, 0};
}

// count 0: without growth there is nothing, or the range is exhausted.
Cut cut(unsigned size_class, unsigned wanted, bool may_grow) {
  const std::uint32_t capacity = kShapes[size_class].capacity;
  std::atomic<std::uint64_t>& cutting = slab_classes[size_class].cutting;
  std::uint64_t seen = cutting.load(std::memory_order_acquire);
  for (;;) {
    const auto unit = static_cast<std::uint32_t>(seen >> 32);
    const auto first = static_cast<std::uint32_t>(seen);
    if (unit == 0 || first == capacity) {
      if (!may_grow) return {0, 0, 0};
      const Cut fresh = cut_from_new_slab(size_class, seen, wanted);
      if (fresh.unit == 0 || fresh.count != 0) return fresh;
      continue;
    }
    const std::uint32_t left = capacity - first;
    const std::uint32_t count = wanted < left ? wanted : left;
    if (cutting.compare_exchange_weak(seen, seen + count, std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
      return {unit, first, count};
    }
  }
}

// The blocks of a cut, lowest address last.
void list_blocks(unsigned size_class, Cut made, BlockWord mark, BlockWord* out) {
  const std::size_t size = kShapes[size_class].size;
  std::uintptr_t block = unit_address(made.unit) + made.first * size;
  for (unsigned i = made.count; i-- > 0; block += size) out[i] = block | mark;
}

// An empty slab that the caller has popped is cut anew, since following the chain from block to
// block waits for memory at every step. 0 when another slab is being cut.
unsigned cut_again(unsigned size_class, std::uint32_t unit, BlockWord* out, unsigned wanted) {
  const std::uint32_t capacity = kShapes[size_class].capacity;
  SlabClass& state = slab_classes[size_class];
  Unit& slab = range.units[unit];
  const std::uint64_t chain = slab.chain.load(std::memory_order_acquire);
  std::uint64_t seen = state.cutting.load(std::memory_order_acquire);
  const bool cutting_another = static_cast<std::uint32_t>(seen) != capacity;
  if (unpack(chain).length != capacity || cutting_another) return 0;
  slab.bytes.store(0, std::memory_order_relaxed);  // no longer clean
  slab.chain.store(0, std::memory_order_relaxed);
  if (!state.cutting.compare_exchange_strong(seen, std::uint64_t{unit} << 32 | wanted,
                                             std::memory_order_acq_rel)) {
    slab.chain.store(chain, std::memory_order_release);
    return 0;
  }
  state.empty.fetch_sub(1, std::memory_order_relaxed);
  list_blocks(size_class, {unit, 0, wanted}, 0, out);
  return wanted;
}

}  // namespace

unsigned take_used_blocks(unsigned size_class, BlockWord* out, unsigned wanted) {
  const std::uint32_t unit = slab_classes[size_class].partial.pop();
  if (unit == 0) return 0;
  unsigned count = cut_again(size_class, unit, out, wanted);
  if (count == 0) count = take_from_chain(size_class, unit, out, wanted);
  note_blocks(size_class, count);
  return count;
}

unsigned cut_blocks(unsigned size_class, BlockWord* out, unsigned wanted, bool may_grow) {
  const Cut made = cut(size_class, wanted, may_grow);
  if (made.count == 0) return 0;
  const bool clean = range.units[made.unit].bytes.load(std::memory_order_relaxed) != 0;
  list_blocks(size_class, made, clean ? kFresh : 0, out);
  note_blocks(size_class, made.count);
  return made.count;
}

// Blocks of one slab tend to follow each other: they go back in one step.
void return_blocks(unsigned size_class, const BlockWord* blocks, unsigned count) {
  const ClassShape& shape = kShapes[size_class];
  note_blocks(size_class, -static_cast<std::int64_t>(count));
  for (unsigned i = 0; i < count;) {
    const std::uintptr_t last = blocks[i] & ~kFresh;
    const std::size_t slab = (last - range.base) & ~std::size_t{shape.slab_mask};
    std::uint32_t first = 0;
    std::uint32_t length = 0;
    for (; i < count; ++i) {
      const std::uintptr_t block = blocks[i] & ~kFresh;
      const std::size_t offset = block - range.base - slab;
      if (offset > shape.slab_mask) break;
      if (length != 0) link_in(block) = first;
      first = block_number(shape, static_cast<std::uint32_t>(offset)).number + 1;
      ++length;
    }
    push_chain(size_class, static_cast<std::uint32_t>(slab >> kUnitShift), first, last, length);
  }
}

}  // namespace heapscribe::memory
