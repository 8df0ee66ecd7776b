// operator new and delete, all forms.
//
// Where the next operator new is the usual one, it calls malloc, which records the block: here we
// only announce its kind. An allocator that brings its own (tcmalloc, jemalloc) never gets there:
// then the block is recorded here. Nobody has to know in advance which it is.
//
// A target without a C++ library in its global scope (a C program that loads a C++ plugin) still
// has its calls bound to us: they are served by malloc, and where that fails by the plugin's
// library, which knows its new_handler and how to throw.
//
// No scope and no cleanup spans the call of the real function: it may throw through this frame.
#include <cstddef>
#include <cstdlib>

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
using heapscribe::hooks::find_site;
using heapscribe::hooks::record_allocation;
using heapscribe::hooks::record_release;
using heapscribe::hooks::with_recorder;
using heapscribe::record::BudgetedCall;
using heapscribe::record::ThreadRecorder;
using heapscribe::unwind::caller_frame;
using heapscribe::unwind::Frame;
using heapscribe::wire::CallKind;

// The outermost form counts: operator new[] calls operator new.
inline void announce(CallKind kind) {
  if (thread_state.pending_kind != kNoPendingKind) return;
  thread_state.pending_kind = static_cast<std::uint8_t>(kind);
}

// What another operator new made. No budget could refuse it; it counts all the same.
[[gnu::noinline]] void record_served(void* block, std::size_t size, CallKind kind,
                                     const Frame& caller) {
  heapscribe::wire::SiteRow* site = nullptr;
  BudgetedCall budgeted;
  with_recorder(caller, [&](ThreadRecorder& recorder) {
    site = recorder.site(kind, caller);
    recorder.ask_budget(budgeted, site, size, 0, false);
  });
  record_allocation(site, block, size);
  budgeted.done(block != nullptr);
}

// Nobody consumed the announcement: the block did not come through malloc.
[[gnu::always_inline]] inline void* finish(void* block, std::size_t size, CallKind kind,
                                           const Frame& caller) {
  if (thread_state.pending_kind != kNoPendingKind) [[unlikely]] {
    thread_state.pending_kind = kNoPendingKind;
    if (is_paused()) {
      heapscribe::record::note_unrecorded();
    } else if (is_recording()) {
      record_served(block, size, kind, caller);
    }
  }
  return block;
}

inline std::size_t at_least_one(std::size_t size) {
  return size != 0 ? size : 1;
}

// What libstdc++'s operator new would do, with one call and two frames less. nullptr: not now, or
// no memory: the real one knows what follows from that.
[[gnu::always_inline]] inline void* allocate_plainly(std::size_t size, CallKind kind,
                                                     const Frame& caller) {
  if (!heapscribe::bootstrap::plain_operator_new) return nullptr;
  const std::size_t asked = at_least_one(size);
  if (phase() != Phase::Recording) [[unlikely]] {
    if (!heapscribe::hooks::is_sampling()) return nullptr;
    return heapscribe::hooks::allocate_sampled(asked, 16, heapscribe::hooks::Contents::Any, kind,
                                               caller, [=] { return real.malloc(asked); });
  }
  if (heapscribe::hooks::call_is_watched(asked)) [[unlikely]] {
    return heapscribe::hooks::allocate_watched(
        asked, kind, caller, [=] { return real.malloc(asked); },
        heapscribe::hooks::Failure::IsTriedAgain);
  }
  heapscribe::wire::SiteRow* site = find_site(kind, caller);
  void* block = real.malloc(asked);
  if (block != nullptr) [[likely]]
    record_allocation(site, block, asked);
  return block;
}

// A plugin's operator new, for the moment when memory has run out.
template <typename Function, typename... Arguments>
void* from_cxx_library(const char* symbol, Arguments... arguments) {
  auto* function = reinterpret_cast<Function*>(heapscribe::bootstrap::find_in_cxx_library(symbol));
  return function != nullptr ? function(arguments...) : nullptr;
}

inline std::size_t to_multiple(std::size_t size, std::size_t alignment) {
  const std::size_t rounded = (at_least_one(size) + alignment - 1) & ~(alignment - 1);
  return rounded >= size ? rounded : size;
}

inline bool is_foreign(const void* block) {
  return block == nullptr || heapscribe::bootstrap::is_early(block);
}

// Records the release, then lets the real operator delete work; what it may call (a simpler form of
// itself, free) knows that.
template <typename Call>
[[gnu::always_inline]] inline void release_through(void* block, Call call) {
  if (!is_recording()) return heapscribe::hooks::release_unrecorded(block, call);
  if (thread_state.released == block) return call();
  if (heapscribe::hooks::is_sampling()) [[unlikely]] {
    if (!heapscribe::bootstrap::plain_operator_new) return call();  // comes to free
    return heapscribe::hooks::release_sampled(block, [=] { real.free(block); });
  }
  if (heapscribe::bootstrap::plain_operator_new) {
    return record_release(block, [=] { real.free(block); });
  }
  record_release(block, [&] {
    thread_state.released = block;
    call();
    thread_state.released = nullptr;
  });
}

}  // namespace

#pragma GCC visibility push(default)

#define HEAPSCRIBE_NEW(name, symbol, field, kind)                                           \
  extern "C" void* name(std::size_t size) __asm__(symbol);                                  \
  extern "C" void* name(std::size_t size) {                                                 \
    if (void* block = allocate_plainly(size, kind, caller_frame())) return block;           \
    if (real.malloc == nullptr) heapscribe::start();                                        \
    announce(kind);                                                                         \
    if (real.field != nullptr) return finish(real.field(size), size, kind, caller_frame()); \
    void* block = malloc(at_least_one(size));                                               \
    thread_state.pending_kind = kNoPendingKind;                                             \
    return block != nullptr ? block : from_cxx_library<void*(std::size_t)>(symbol, size);   \
  }
#define HEAPSCRIBE_NEW_NOTHROW(name, symbol, field, kind)                                        \
  extern "C" void* name(std::size_t size, const void* tag) __asm__(symbol);                      \
  extern "C" void* name(std::size_t size, const void* tag) {                                     \
    if (void* block = allocate_plainly(size, kind, caller_frame())) return block;                \
    if (real.malloc == nullptr) heapscribe::start();                                             \
    announce(kind);                                                                              \
    if (real.field != nullptr) return finish(real.field(size, tag), size, kind, caller_frame()); \
    void* block = malloc(at_least_one(size));                                                    \
    thread_state.pending_kind = kNoPendingKind;                                                  \
    if (block != nullptr) return block;                                                          \
    return from_cxx_library<void*(std::size_t, const void*)>(symbol, size, tag);                 \
  }
#define HEAPSCRIBE_NEW_ALIGNED(name, symbol, field)                                           \
  extern "C" void* name(std::size_t size, std::size_t alignment) __asm__(symbol);             \
  extern "C" void* name(std::size_t size, std::size_t alignment) {                            \
    if (real.malloc == nullptr) heapscribe::start();                                          \
    announce(CallKind::NewAligned);                                                           \
    if (real.field != nullptr) {                                                              \
      return finish(real.field(size, alignment), size, CallKind::NewAligned, caller_frame()); \
    }                                                                                         \
    void* block = aligned_alloc(alignment, to_multiple(size, alignment));                     \
    thread_state.pending_kind = kNoPendingKind;                                               \
    if (block != nullptr) return block;                                                       \
    return from_cxx_library<void*(std::size_t, std::size_t)>(symbol, size, alignment);        \
  }
#define HEAPSCRIBE_NEW_ALIGNED_NOTHROW(name, symbol, field)                                        \
  extern "C" void* name(std::size_t size, std::size_t alignment, const void* tag) __asm__(symbol); \
  extern "C" void* name(std::size_t size, std::size_t alignment, const void* tag) {                \
    if (real.malloc == nullptr) heapscribe::start();                                               \
    announce(CallKind::NewAligned);                                                                \
    if (real.field != nullptr) {                                                                   \
      return finish(real.field(size, alignment, tag), size, CallKind::NewAligned, caller_frame()); \
    }                                                                                              \
    void* block = aligned_alloc(alignment, to_multiple(size, alignment));                          \
    thread_state.pending_kind = kNoPendingKind;                                                    \
    if (block != nullptr) return block;                                                            \
    return from_cxx_library<void*(std::size_t, std::size_t, const void*)>(symbol, size, alignment, \
                                                                          tag);                    \
  }

HEAPSCRIBE_NEW(heapscribe_new, "_Znwm", op_new, CallKind::New)
HEAPSCRIBE_NEW(heapscribe_new_array, "_Znam", op_new_array, CallKind::NewArray)
HEAPSCRIBE_NEW_NOTHROW(heapscribe_new_nothrow, "_ZnwmRKSt9nothrow_t", op_new_nothrow, CallKind::New)
HEAPSCRIBE_NEW_NOTHROW(heapscribe_new_array_nothrow, "_ZnamRKSt9nothrow_t", op_new_array_nothrow,
                       CallKind::NewArray)
HEAPSCRIBE_NEW_ALIGNED(heapscribe_new_aligned, "_ZnwmSt11align_val_t", op_new_aligned)
HEAPSCRIBE_NEW_ALIGNED(heapscribe_new_array_aligned, "_ZnamSt11align_val_t", op_new_array_aligned)
HEAPSCRIBE_NEW_ALIGNED_NOTHROW(heapscribe_new_aligned_nothrow, "_ZnwmSt11align_val_tRKSt9nothrow_t",
                               op_new_aligned_nothrow)
HEAPSCRIBE_NEW_ALIGNED_NOTHROW(heapscribe_new_array_aligned_nothrow,
                               "_ZnamSt11align_val_tRKSt9nothrow_t", op_new_array_aligned_nothrow)

// PARAMETERS and ARGUMENTS are what follows the block.
#define HEAPSCRIBE_DELETE(name, symbol, field, PARAMETERS, ARGUMENTS)   \
  extern "C" void name PARAMETERS __asm__(symbol);                      \
  extern "C" void name PARAMETERS {                                     \
    if (is_foreign(block) || real.field == nullptr) return free(block); \
    release_through(block, [&] { real.field ARGUMENTS; });              \
  }

HEAPSCRIBE_DELETE(heapscribe_delete, "_ZdlPv", op_delete, (void* block), (block))
HEAPSCRIBE_DELETE(heapscribe_delete_array, "_ZdaPv", op_delete_array, (void* block), (block))
HEAPSCRIBE_DELETE(heapscribe_delete_sized, "_ZdlPvm", op_delete_sized,
                  (void* block, std::size_t size), (block, size))
HEAPSCRIBE_DELETE(heapscribe_delete_array_sized, "_ZdaPvm", op_delete_array_sized,
                  (void* block, std::size_t size), (block, size))
HEAPSCRIBE_DELETE(heapscribe_delete_nothrow, "_ZdlPvRKSt9nothrow_t", op_delete_nothrow,
                  (void* block, const void* tag), (block, tag))
HEAPSCRIBE_DELETE(heapscribe_delete_array_nothrow, "_ZdaPvRKSt9nothrow_t", op_delete_array_nothrow,
                  (void* block, const void* tag), (block, tag))
HEAPSCRIBE_DELETE(heapscribe_delete_aligned, "_ZdlPvSt11align_val_t", op_delete_aligned,
                  (void* block, std::size_t alignment), (block, alignment))
HEAPSCRIBE_DELETE(heapscribe_delete_array_aligned, "_ZdaPvSt11align_val_t", op_delete_array_aligned,
                  (void* block, std::size_t alignment), (block, alignment))
HEAPSCRIBE_DELETE(heapscribe_delete_sized_aligned, "_ZdlPvmSt11align_val_t",
                  op_delete_sized_aligned, (void* block, std::size_t size, std::size_t alignment),
                  (block, size, alignment))
HEAPSCRIBE_DELETE(heapscribe_delete_array_sized_aligned, "_ZdaPvmSt11align_val_t",
                  op_delete_array_sized_aligned,
                  (void* block, std::size_t size, std::size_t alignment), (block, size, alignment))
HEAPSCRIBE_DELETE(heapscribe_delete_aligned_nothrow, "_ZdlPvSt11align_val_tRKSt9nothrow_t",
                  op_delete_aligned_nothrow, (void* block, std::size_t alignment, const void* tag),
                  (block, alignment, tag))
HEAPSCRIBE_DELETE(heapscribe_delete_array_aligned_nothrow, "_ZdaPvSt11align_val_tRKSt9nothrow_t",
                  op_delete_array_aligned_nothrow,
                  (void* block, std::size_t alignment, const void* tag), (block, alignment, tag))

#pragma GCC visibility pop
