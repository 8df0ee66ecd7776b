#include "preload/census/roots.h"

#include <link.h>
#include <signal.h>

#include <algorithm>

#include "preload/bootstrap/break_pieces.h"
#include "preload/bootstrap/real_functions.h"
#include "preload/platform/kernel.h"
#include "preload/platform/pages.h"
#include "preload/platform/stack_bounds.h"
#include "preload/record/root_regions.h"
#include "preload/record/session.h"
#include "preload/record/thread_id.h"

namespace heapscribe::census {
namespace {

using record::session;
using wire::RootKind;

using platform::kDescriptorBytes;
constexpr std::uintptr_t kRedZone = 128;
constexpr std::size_t kMostOwnPages = std::size_t{1} << 20;

std::uintptr_t word_at(std::uintptr_t address) {
  return *reinterpret_cast<const std::uintptr_t*>(address);
}

bool begins_before(const Range& left, const Range& right) {
  return left.begin < right.begin;
}

// glibc's arenas beside the main one lie in heaps of 64 MiB, which begin with a pointer to their
// arena: in the heap's own first page, in that of an older heap, or in libc.
bool is_arena(const Mapping& mapping) {
  constexpr std::uintptr_t kHeapBytes = std::uintptr_t{64} << 20;
  if (mapping.range.begin % kHeapBytes != 0 || !mapping.readable) return false;
  const std::uintptr_t arena = word_at(mapping.range.begin);
  return arena != 0 && arena % kHeapBytes < 64 && arena % 16 == 0;
}

}  // namespace

template <typename Item>
bool Series<Item>::reserve(std::size_t capacity) {
  items_ = static_cast<Item*>(platform::map_pages(capacity * sizeof(Item)));
  capacity_ = items_ != nullptr ? capacity : 0;
  return items_ != nullptr;
}

bool Roots::find(const Departure* departure, std::uint32_t own_id) {
  own_id_ = own_id;
  departure_ = departure;
  const std::size_t mappings = map_.size();
  const std::size_t threads = threads_.size() + 1;
  if (!roots_.reserve(mappings + threads * 8 + 64 + 2 * record::kMostRootRegions) ||
      !nodes_.reserve(mappings * 4 + kMostOwnPages) ||
      !excluded_.reserve(mappings * 2 + kMostOwnPages + blocks_.size()) ||
      !descriptors_.reserve(threads + 65536) || !kept_.reserve(65536) || !dead_.reserve(threads)) {
    return false;
  }
  add_modules();
  add_pieces_of_break();
  add_registered_regions();
  find_descriptors();
  add_own_thread(departure);
  for (std::size_t i = 0; i < threads_.size(); ++i) add_stopped_thread(threads_[i]);
  exclude_what_is_no_node();
  make_nodes();
  return true;
}

void Roots::mark(Marker& marker) {
  marker.leave_out(dead_.begin(), dead_.size());
  for (const Root& root : roots_) marker.mark_from(root);
  if (departure_ != nullptr) {
    for (const std::uintptr_t value : departure_->registers) marker.mark_register(value, own_id_);
  }
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    const ThreadView& view = threads_[i];
    if (view.seen.load(std::memory_order_relaxed) == 0) continue;
    for (const std::uintptr_t value : view.registers) marker.mark_register(value, view.id);
  }
  for (const std::uint32_t block : kept_) marker.keep(block);
}

void Roots::add_root(Range range, RootKind kind, std::uint32_t thread, bool interior,
                     bool of_libc) {
  if (range.begin < range.end) roots_.add({range, kind, thread, interior, of_libc});
}

// Globals -----------------------------------------------------------------------------------------

void Roots::add_modules() {
  for (wire::Ref ref = session.header().first_module.load(std::memory_order_acquire);
       ref != wire::kNoRef;) {
    const auto* module = session.at<wire::ModuleRecord>(ref);
    ref = module->next;
    if (module->unload_ns.load(std::memory_order_relaxed) != 0) continue;
    const Range range{module->base, platform::round_up(module->end, platform::kPageSize)};
    exclude(range);
    if (range.contains(reinterpret_cast<std::uintptr_t>(&session))) continue;
    // What libc and the loader keep is theirs, however they point to it.
    const bool of_libc = range.contains(reinterpret_cast<std::uintptr_t>(bootstrap::real.exit_now));
    const bool of_loader = range.contains(reinterpret_cast<std::uintptr_t>(&_r_debug));
    for (std::size_t i = 0; i < map_.size(); ++i) {
      const Mapping& mapping = map_[i];
      if (!mapping.readable || mapping.kind == MappingKind::Special) continue;
      add_root({std::max(mapping.range.begin, range.begin), std::min(mapping.range.end, range.end)},
               RootKind::Global, 0, of_libc || of_loader, of_libc);
    }
  }
}

// What the program itself took by sbrk, between libc's; other allocators take theirs so too.
void Roots::add_pieces_of_break() {
  if (!bootstrap::is_glibc_underneath()) return;
  for (const bootstrap::BreakPiece& piece : bootstrap::break_pieces()) {
    add_root({piece.begin, piece.end}, RootKind::Global, 0);
  }
}

// What the program named itself, as far as it can be read.
void Roots::add_registered_regions() {
  for (std::size_t place = 0; place < record::kMostRootRegions; ++place) {
    const record::RootRegion region = record::root_region(place);
    if (region.bytes != 0) add_readable({region.begin, region.begin + region.bytes});
  }
}

// Pointers lie at multiples of their size.
void Roots::add_readable(Range range) {
  constexpr std::uintptr_t kWord = sizeof(std::uintptr_t);
  range.begin = platform::round_up(range.begin, kWord);
  for (std::size_t i = 0; i < map_.size(); ++i) {
    const Mapping& mapping = map_[i];
    if (!mapping.readable || mapping.kind == MappingKind::Special) continue;
    add_root({std::max(mapping.range.begin, range.begin), std::min(mapping.range.end, range.end)},
             RootKind::Registered, 0);
  }
}

// Threads -----------------------------------------------------------------------------------------

// A descriptor holds its own address twice. Those of dead threads whose stacks libc keeps for the
// next ones are found too.
void Roots::find_descriptors() {
  constexpr std::uintptr_t kAlignment = 64;
  for (std::size_t i = 0; i < map_.size(); ++i) {
    const Mapping& mapping = map_[i];
    const bool candidate = mapping.readable && mapping.writable && !mapping.shared &&
                           mapping.kind == MappingKind::Anonymous && !is_arena(mapping);
    if (!candidate) continue;
    map_.for_each_used(mapping.range, [this](std::uintptr_t begin, std::uintptr_t end) {
      for (std::uintptr_t at = platform::round_up(begin, kAlignment); at + 24 <= end;
           at += kAlignment) {
        if (word_at(at) != at || word_at(at + 16) != at) continue;
        if (blocks_.find(at) == kNoBlock) descriptors_.add(at);
      }
    });
  }
}

std::uintptr_t Roots::descriptor_of(std::uint32_t id) {
  for (const std::uintptr_t descriptor : descriptors_) {
    if (record::thread_id_in(descriptor) == id) return descriptor;
  }
  return 0;
}

void Roots::add_own_thread(const Departure* departure) {
  const std::uintptr_t descriptor = platform::own_descriptor();
  // Without a departure only what libc itself keeps beyond the thread's frames is alive.
  const bool is_main = own_id_ == session.header().pid;
  const std::uintptr_t end_of_frames =
      is_main ? platform::outermost_frame_of_main() : descriptor - platform::thread_storage();
  stack_t alternate{};
  platform::system_call(SYS_sigaltstack, 0, platform::as_argument(&alternate));
  add_alternate_stack(alternate);
  add_thread(own_id_, descriptor, departure != nullptr ? departure->sp : end_of_frames);
}

void Roots::add_stopped_thread(const ThreadView& view) {
  const bool seen = view.seen.load(std::memory_order_relaxed) != 0;
  if (seen) add_alternate_stack(view.alternate);
  const std::uintptr_t sp = view.sp != 0 ? view.sp - kRedZone : 0;
  add_thread(view.id, seen ? view.descriptor : descriptor_of(view.id), sp);
}

// Dead while no handler runs on it, wherever it lies.
void Roots::add_alternate_stack(const stack_t& stack) {
  if ((stack.ss_flags & (SS_DISABLE | SS_ONSTACK)) != 0 || stack.ss_sp == nullptr) return;
  const auto begin = reinterpret_cast<std::uintptr_t>(stack.ss_sp);
  dead_.add({begin, begin + stack.ss_size});
}

// sp 0: not known, the whole stack may be in use.
void Roots::add_thread(std::uint32_t id, std::uintptr_t descriptor, std::uintptr_t sp) {
  if (descriptor != 0) add_descriptor(id, descriptor);
  if (id == session.header().pid) return add_main_stack(id, sp);
  const Range stack = descriptor != 0 ? stack_of(descriptor) : Range{};
  if (stack.contains(sp)) return add_root({sp, stack.end}, RootKind::Stack, id);
  // It runs on another stack, or we do not know where it is.
  add_root(stack, RootKind::Stack, id);
  const std::uint32_t block = blocks_.find(sp);
  if (block != kNoBlock) {
    kept_.add(block);
    add_root({sp, blocks_[block].address + blocks_[block].size}, RootKind::Stack, id);
  } else if (const Mapping* mapping = map_.find(sp); mapping != nullptr && sp != 0) {
    add_root({sp, mapping->range.end}, RootKind::Stack, id);
    exclude(mapping->range);
  }
}

void Roots::add_main_stack(std::uint32_t id, std::uintptr_t sp) {
  for (std::size_t i = 0; i < map_.size(); ++i) {
    const Mapping& mapping = map_[i];
    if (mapping.kind != MappingKind::MainStack) continue;
    const bool on_it = mapping.range.contains(sp);
    add_root({on_it ? sp : mapping.range.begin, mapping.range.end}, RootKind::Stack, id);
    if (on_it || sp == 0) return;
  }
  const std::uint32_t block = blocks_.find(sp);
  if (block != kNoBlock) {
    kept_.add(block);
    add_root({sp, blocks_[block].address + blocks_[block].size}, RootKind::Stack, id);
  } else if (const Mapping* mapping = map_.find(sp)) {
    add_root({sp, mapping->range.end}, RootKind::Stack, id);
  }
}

// Thread-local storage lies below the descriptor; libc's own things are in it, with pointers into
// the middle of what the loader allocated for the thread.
void Roots::add_descriptor(std::uint32_t id, std::uintptr_t descriptor) {
  add_root({descriptor - platform::thread_storage(), descriptor}, RootKind::ThreadLocal, id);
  add_root({descriptor, descriptor + kDescriptorBytes}, RootKind::ThreadLocal, id, true);
}

// The stack that libc made for a thread, without thread-local storage; empty if the program gave
// it.
Range Roots::stack_of(std::uintptr_t descriptor) const {
  const std::uintptr_t end = descriptor - platform::thread_storage();
  const std::uint32_t block = blocks_.find(descriptor);
  if (block != kNoBlock) return {blocks_[block].address, end};
  const Mapping* mapping = map_.find(descriptor);
  return mapping != nullptr ? Range{mapping->range.begin, end} : Range{};
}

// Mappings ----------------------------------------------------------------------------------------

bool Roots::holds_blocks(Range range) const {
  std::uint32_t low = 0;
  std::uint32_t high = blocks_.size();
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (blocks_[middle].address < range.begin) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < blocks_.size() && blocks_[low].address < range.end;
}

void Roots::exclude_what_is_no_node() {
  auto* own = static_cast<platform::OwnPages*>(
      platform::map_pages(kMostOwnPages * sizeof(platform::OwnPages)));
  if (own != nullptr) {
    const std::size_t count = platform::list_own_pages(own, kMostOwnPages);
    for (std::size_t i = 0; i < count; ++i) exclude({own[i].begin, own[i].end});
  }
  // Stacks, and of dead threads the thread-local storage too: their vectors are libc's, what these
  // hold is lost.
  for (const std::uintptr_t descriptor : descriptors_) {
    const Mapping* mapping = map_.find(descriptor);
    if (mapping == nullptr) continue;
    exclude({mapping->range.begin, descriptor + kDescriptorBytes});
    const std::uint32_t id = record::thread_id_in(descriptor);
    if (threads_.has(id)) continue;
    // Nobody has fetched its result yet; after that the id is -1.
    if (id == 0) add_root({descriptor, descriptor + kDescriptorBytes}, RootKind::ThreadLocal, 0);
    constexpr std::uintptr_t kVector = 8;
    const std::uint32_t vector = blocks_.find(word_at(descriptor + kVector));
    if (vector == kNoBlock) continue;
    kept_.add(vector);
    const Block& block = blocks_[vector];
    for (std::uintptr_t at = block.address; at + 8 <= block.address + block.size; at += 8) {
      const std::uint32_t storage = blocks_.find(word_at(at));
      if (storage != kNoBlock) kept_.add(storage);
    }
  }
  for (std::uint32_t i = 0; i < blocks_.size(); ++i) {
    if (!blocks_[i].mapped) continue;
    const std::uintptr_t page = platform::kPageSize;
    exclude({blocks_[i].address / page * page,
             platform::round_up(blocks_[i].address + blocks_[i].size, page)});
  }
}

// A hole without access does not cut a mapping in two.
void Roots::add_node(Range range) {
  if (nodes_.size() > 0) {
    Range& last = nodes_.end()[-1];
    const Mapping* hole = map_.find(last.end);
    const bool cut = hole != nullptr && !hole->readable && !hole->shared &&
                     hole->kind == MappingKind::Anonymous && hole->range.begin == last.end &&
                     hole->range.end == range.begin;
    if (cut) {
      last.end = range.end;
      return;
    }
  }
  nodes_.add(range);
}

void Roots::make_nodes() {
  std::sort(excluded_.begin(), excluded_.end(), begins_before);
  const bool glibc = bootstrap::is_glibc_underneath();
  std::size_t next = 0;
  for (std::size_t i = 0; i < map_.size(); ++i) {
    const Mapping& mapping = map_[i];
    const bool file = mapping.kind == MappingKind::File;
    const bool candidate = mapping.readable && !is_arena(mapping) &&
                           (mapping.kind == MappingKind::Anonymous || (file && mapping.writable));
    if (!candidate || (!glibc && holds_blocks(mapping.range))) continue;
    std::uintptr_t begin = mapping.range.begin;
    while (next < excluded_.size() && excluded_[next].end <= begin) ++next;
    for (std::size_t at = next; at < excluded_.size() && excluded_[at].begin < mapping.range.end;
         ++at) {
      if (excluded_[at].begin > begin) add_node({begin, excluded_[at].begin});
      begin = std::max(begin, excluded_[at].end);
    }
    if (begin < mapping.range.end) add_node({begin, mapping.range.end});
  }
}

}  // namespace heapscribe::census
