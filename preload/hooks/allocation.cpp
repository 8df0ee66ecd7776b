// The malloc family. A block is reported after it exists and before it is released, since outside
// that span its address may be somebody else's.
//
// What the corner cases mean is decided here, and only here:
//   NULL results       counted as failed calls; errno is the allocator's
//   size 0             an allocation of 0 bytes if the allocator returns a block
//   realloc(NULL, n)   malloc(n);  realloc(p, 0) that returns NULL: a free
//   free(NULL)         nothing
//   blocks of others   (early heap, made before recording, by another entry) are passed on; their
//                      release counts as an unknown free
#include <malloc.h>

#include <cerrno>
#include <cstring>

#include "preload/bootstrap/break_pieces.h"
#include "preload/bootstrap/early_events.h"
#include "preload/bootstrap/early_heap.h"
#include "preload/entry.h"
#include "preload/hooks/record.h"
#include "preload/hooks/sample.h"
#include "preload/record/interruption.h"

namespace {

using heapscribe::bootstrap::is_paused;
using heapscribe::bootstrap::is_recording;
using heapscribe::bootstrap::kNoPendingKind;
using heapscribe::bootstrap::Phase;
using heapscribe::bootstrap::phase;
using heapscribe::bootstrap::real;
using heapscribe::bootstrap::thread_state;
using heapscribe::hooks::allocate_sampled;
using heapscribe::hooks::allocate_watched;
using heapscribe::hooks::call_is_watched;
using heapscribe::hooks::Contents;
using heapscribe::hooks::find_site;
using heapscribe::hooks::is_sampling;
using heapscribe::hooks::record_allocation;
using heapscribe::hooks::record_release;
using heapscribe::hooks::release_sampled;
using heapscribe::hooks::release_unrecorded;
using heapscribe::hooks::resize_unrecorded;
using heapscribe::hooks::ticks_if;
using heapscribe::hooks::usable_size;
using heapscribe::hooks::with_recorder;
using heapscribe::record::BlockRecord;
using heapscribe::record::BudgetedCall;
using heapscribe::record::give_back_to_budget;
using heapscribe::record::note_unrecorded;
using heapscribe::record::ThreadRecorder;
using heapscribe::record::TimedWork;
using heapscribe::unwind::caller_frame;
using heapscribe::unwind::Frame;
using heapscribe::wire::CallKind;
using heapscribe::wire::SiteRow;
using heapscribe::wire::TimedCall;

// The kind that operator new announced, else the function's own.
inline CallKind take_kind(CallKind own) {
  if (thread_state.pending_kind == kNoPendingKind) [[likely]]
    return own;
  const auto kind = static_cast<CallKind>(thread_state.pending_kind);
  thread_state.pending_kind = kNoPendingKind;
  return kind;
}

// The process will record, but cannot yet.
inline bool is_early_event() {
  return phase() == Phase::Unborn;
}

template <typename Call>
[[gnu::noinline]] void* before_recording(std::size_t requested, CallKind kind, Call call) {
  void* block = call();
  if (is_early_event()) heapscribe::bootstrap::note_early_allocation(block, requested, kind);
  return block;
}

template <typename Call>
[[gnu::noinline]] void* allocate_while_paused(Call call) {
  thread_state.pending_kind = kNoPendingKind;
  void* block = call();
  if (block != nullptr) note_unrecorded();
  heapscribe::record::follow_wish();
  return block;
}

// Runs `call` on the allocator underneath and records what it returned. Before the allocator is
// known the early heap serves the program.
template <typename Call>
[[gnu::always_inline]] inline void* allocate(std::size_t requested, std::size_t alignment,
                                             CallKind own, const Frame& caller, Call call,
                                             Contents contents = Contents::Any) {
  if (phase() != Phase::Recording) [[unlikely]] {
    if (is_sampling()) {
      return allocate_sampled(requested, alignment, contents, take_kind(own), caller, call);
    }
    if (is_paused()) return allocate_while_paused(call);
    if (!heapscribe::start()) return heapscribe::bootstrap::early_allocate(requested, alignment);
    if (is_paused()) return allocate_while_paused(call);  // from the start
    if (!is_recording()) return before_recording(requested, take_kind(own), call);
    if (is_sampling()) {  // since a moment ago
      return allocate_sampled(requested, alignment, contents, take_kind(own), caller, call);
    }
  }
  const CallKind kind = take_kind(own);
  if (call_is_watched(requested)) [[unlikely]]
    return allocate_watched(requested, kind, caller, call);
  SiteRow* site = find_site(kind, caller);
  void* block = call();
  record_allocation(site, block, requested);
  return block;
}

[[gnu::always_inline]] inline void release(void* block) {
  if (phase() == Phase::Recording && thread_state.released != block) [[likely]]
    return record_release(block, [=] { real.free(block); });
  if (is_sampling()) return release_sampled(block, [=] { real.free(block); });
  if (thread_state.released == block) {
    thread_state.released = nullptr;  // operator delete has recorded it
    return real.free(block);
  }
  if (is_paused()) return record_release(block, [=] { real.free(block); });
  if (is_early_event()) heapscribe::bootstrap::note_early_release(block);
  release_unrecorded(block, [=] { real.free(block); });
}

[[gnu::noinline]] void* resize_early(void* block, std::size_t size) {
  void* moved = malloc(size);
  const std::size_t old_size = heapscribe::bootstrap::early_size(block);
  if (moved != nullptr) std::memcpy(moved, block, old_size < size ? old_size : size);
  return moved;
}

void* resize_before_recording(void* block, std::size_t size) {
  void* moved = resize_unrecorded(block, size);
  if (is_early_event() && (moved != nullptr || size == 0)) {
    heapscribe::bootstrap::note_early_release(block);
    heapscribe::bootstrap::note_early_allocation(moved, size, CallKind::Realloc);
  }
  return moved;
}

// Steps and order: see ThreadRecorder.
[[gnu::always_inline]] inline void* resize(void* block, std::size_t size, const Frame& caller) {
  BlockRecord old{};
  SiteRow* site = nullptr;
  std::uint64_t begun = 0;
  const std::size_t old_usable = usable_size(block);
  TimedWork work{.call = TimedCall::Reallocate, .watch = {}, .times = {}, .size = size};
  const std::size_t larger = old_usable > size ? old_usable : size;
  const bool watched = call_is_watched(larger);
  BudgetedCall budgeted;
  with_recorder([&](ThreadRecorder& recorder) {
    if (watched) [[unlikely]] {
      work.watch = recorder.begin_watch(larger);
      work.times.hook_begin = ticks_if(work.timed());
    }
    old = recorder.take(block, old_usable);
    begun = recorder.begin_traced_resize();
    site = recorder.site(CallKind::Realloc, caller);
    if (watched && size != 0) [[unlikely]]
      recorder.ask_budget(budgeted, site, size, old.size);
  });
  const bool timed = work.timed();
  work.times.begin = ticks_if(timed);
  void* moved = budgeted.may_go_on() ? real.realloc(block, size) : nullptr;
  work.times.end = ticks_if(timed);
  if (site == nullptr) [[unlikely]]
    return moved;
  const std::size_t usable = moved != nullptr ? usable_size(moved) : 0;
  with_recorder([&](ThreadRecorder& recorder) {
    if (moved != nullptr) {
      recorder.resized(*site, old, moved, size, usable);
      recorder.trace_resize(*site, begun, block, moved, size);
    } else if (size == 0) {
      recorder.released_by_resize(*site, old);
      recorder.trace_release_by_resize(begun, block);
    } else {
      recorder.not_resized(old, block, old_usable);
      budgeted.count_refusal();
    }
    if (!timed) [[likely]]
      return;
    work.times.hook_end = heapscribe::record::ticks_now();
    work.bytes = old.size > size ? old.size - size : 0;
    recorder.note_call(work, *site);
  });
  budgeted.done(moved != nullptr);
  if (watched && size == 0 && moved == nullptr) give_back_to_budget(old.size);
  return moved;
}

// The old block is recorded if it is known, the new one is not.
void* resize_while_paused(void* block, std::size_t size) {
  BlockRecord old{};
  std::uint64_t begun = 0;
  const std::size_t old_usable = usable_size(block);
  with_recorder([&](ThreadRecorder& recorder) {
    old = recorder.take(block, old_usable);
    begun = recorder.begin_traced_resize();
  });
  void* moved = real.realloc(block, size);
  with_recorder([&](ThreadRecorder& recorder) {
    if (moved == nullptr && size != 0) return recorder.not_resized(old, block, old_usable);
    recorder.released(old, block);
    recorder.trace_release_by_resize(begun, block);
  });
  if (moved != nullptr || size == 0) give_back_to_budget(old.size);
  if (moved != nullptr) note_unrecorded();
  return moved;
}

// glibc's realloc(p, 0) is a free.
void* resize_as_sampled(void* block, std::size_t size, const Frame& caller) {
  if (size != 0) return heapscribe::hooks::resize_sampled(block, size, caller);
  release(block);
  return nullptr;
}

inline void* reallocate(void* block, std::size_t size, const Frame& caller) {
  if (block == nullptr) {
    return allocate(size, 16, CallKind::Malloc, caller, [=] { return real.malloc(size); });
  }
  if (heapscribe::bootstrap::is_early(block)) [[unlikely]]
    return resize_early(block, size);
  if (!is_recording()) [[unlikely]] {
    if (!heapscribe::start()) return nullptr;
    if (!is_recording()) return resize_before_recording(block, size);
  }
  if (is_sampling()) [[unlikely]]
    return resize_as_sampled(block, size, caller);
  if (is_paused()) [[unlikely]]
    return resize_while_paused(block, size);
  return resize(block, size, caller);
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

void* malloc(std::size_t size) noexcept {
  return allocate(size, 16, CallKind::Malloc, caller_frame(), [=] { return real.malloc(size); });
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;  // the allocator will refuse
  return allocate(
      bytes, 16, CallKind::Calloc, caller_frame(), [=] { return real.calloc(count, size); },
      Contents::Zeroed);
}

void free(void* block) noexcept {
  if (block == nullptr || heapscribe::bootstrap::is_early(block)) return;
  if (real.free == nullptr && !heapscribe::start()) return;
  release(block);
}

void* realloc(void* block, std::size_t size) noexcept {
  return reallocate(block, size, caller_frame());
}

void* reallocarray(void* block, std::size_t count, std::size_t size) noexcept {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return reallocate(block, bytes, caller_frame());
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return allocate(size, alignment, CallKind::Aligned, caller_frame(),
                  [=] { return real.memalign(alignment, size); });
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return allocate(size, alignment, CallKind::Aligned, caller_frame(),
                  [=] { return real.aligned_alloc(alignment, size); });
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept {
  int status = ENOMEM;  // unless somebody knows better
  void* block = nullptr;
  block = allocate(size, alignment, CallKind::Aligned, caller_frame(), [&]() -> void* {
    status = real.posix_memalign(&block, alignment, size);
    return status == 0 ? block : nullptr;
  });
  if (block != nullptr) status = 0;
  if (status == 0) *result = block;
  return status;
}

void* valloc(std::size_t size) noexcept {
  return allocate(size, 4096, CallKind::Aligned, caller_frame(), [=] { return real.valloc(size); });
}

void* pvalloc(std::size_t size) noexcept {
  return allocate(
      size, 4096, CallKind::Aligned, caller_frame(), [=] { return real.pvalloc(size); },
      Contents::WholePages);
}

std::size_t malloc_usable_size(void* block) noexcept {
  if (block == nullptr) return 0;
  if (heapscribe::bootstrap::is_early(block)) return heapscribe::bootstrap::early_size(block);
  if (real.malloc_usable_size == nullptr && !heapscribe::start()) return 0;
  if (heapscribe::memory::owns(block)) return heapscribe::memory::usable_size(block);
  return real.malloc_usable_size(block);
}

void cfree(void* block) noexcept {
  free(block);
}

void free_sized(void* block, std::size_t size) noexcept {
  if (real.free_sized == nullptr || block == nullptr || heapscribe::bootstrap::is_early(block)) {
    return free(block);
  }
  if (is_sampling()) return release_sampled(block, [=] { real.free_sized(block, size); });
  if (!is_recording()) return release(block);
  record_release(block, [=] { real.free_sized(block, size); });
}

// Not recorded as an allocation, but what lies there may point to blocks.
void* sbrk(std::intptr_t bytes) noexcept {
  if (real.sbrk == nullptr && !heapscribe::start()) {
    errno = ENOMEM;
    return reinterpret_cast<void*>(-1);
  }
  void* piece = real.sbrk(bytes);
  const auto begin = reinterpret_cast<std::uintptr_t>(piece);
  if (bytes > 0 && begin != ~std::uintptr_t{0}) {
    heapscribe::bootstrap::note_break_piece(begin, begin + static_cast<std::uintptr_t>(bytes));
  }
  return piece;
}

void free_aligned_sized(void* block, std::size_t alignment, std::size_t size) noexcept {
  if (real.free_aligned_sized == nullptr || block == nullptr ||
      heapscribe::bootstrap::is_early(block)) {
    return free(block);
  }
  if (is_sampling()) {
    return release_sampled(block, [=] { real.free_aligned_sized(block, alignment, size); });
  }
  if (!is_recording()) return release(block);
  record_release(block, [=] { real.free_aligned_sized(block, alignment, size); });
}
}
#pragma GCC visibility pop
