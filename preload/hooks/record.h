// What every hook does with an event: enter the scope, find the recorder, tell it.
//
// Everything here is inlined into the hook, whose frame tells where the program called it
// (unwind::caller_frame).
#pragma once

#include <cstddef>

#include "preload/bootstrap/process_phase.h"
#include "preload/bootstrap/real_functions.h"
#include "preload/record/thread_recorder.h"

namespace heapscribe::hooks {

// Calls `event(recorder)` if this thread may record now; counts the loss if a signal handler
// interrupted our own code.
template <typename Event>
[[gnu::always_inline]] inline void with_recorder(Event event) {
  const bootstrap::RecordingScope scope;
  if (!scope) [[unlikely]]
    return record::session.lose(wire::Loss::NestedEvents);
  if (record::ThreadRecorder* recorder = record::recorder(scope)) [[likely]]
    event(*recorder);
}

// The row of the site that is about to allocate; nullptr if it cannot be recorded.
[[gnu::always_inline]] inline wire::SiteRow* find_site(wire::CallKind kind,
                                                       const unwind::Frame& caller) {
  wire::SiteRow* site = nullptr;
  with_recorder([&](record::ThreadRecorder& recorder) { site = recorder.site(kind, caller); });
  return site;
}

// The allocator is asked outside of the scope: it may allocate for itself.
[[gnu::always_inline]] inline std::size_t usable_size(void* block) {
  return bootstrap::real.malloc_usable_size(block);
}

// What the allocator gave for a site; nullptr = it refused.
[[gnu::always_inline]] inline void record_allocation(wire::SiteRow* site, void* block,
                                                     std::size_t requested) {
  if (site == nullptr) [[unlikely]]
    return;
  const std::size_t usable = block != nullptr ? usable_size(block) : 0;
  with_recorder([&](record::ThreadRecorder& recorder) {
    if (block == nullptr) return recorder.call_failed();
    recorder.allocated(*site, block, requested, usable);
  });
}

// Of a block that was taken out of the books.
[[gnu::noinline]] inline void record_release_stack(record::BlockRecord record,
                                                   unwind::Frame caller) {
  with_recorder(
      [&](record::ThreadRecorder& recorder) { recorder.note_release_stack(record, caller); });
}

// Hands the block back by `give_back`, recorded around it.
template <typename GiveBack>
[[gnu::always_inline]] inline void record_release(void* block, GiveBack give_back) {
  record::BlockRecord record{};
  bool taken = false;
  const std::size_t usable = usable_size(block);
  with_recorder([&](record::ThreadRecorder& recorder) {
    record = recorder.take(block, usable);
    recorder.trace_release(block);
    taken = true;
  });
  if (record::free_stacks_wanted) [[unlikely]]
    record_release_stack(record, unwind::caller_frame());
  give_back();
  if (taken) [[likely]]
    with_recorder([&](record::ThreadRecorder& recorder) { recorder.released(record, block); });
}

}  // namespace heapscribe::hooks
