// What every hook does with an event: enter the scope, find the recorder, tell it.
#pragma once

#include <cstddef>

#include "preload/bootstrap/process_phase.h"
#include "preload/bootstrap/real_functions.h"
#include "preload/record/thread_recorder.h"

namespace heapscribe::hooks {

// Calls `event(recorder)` if this thread may record now; counts the loss if a signal handler
// interrupted our own code.
template <typename Event>
inline void with_recorder(Event event) {
  const bootstrap::RecordingScope scope;
  if (!scope) return record::session.lose(wire::Loss::NestedEvents);
  if (record::ThreadRecorder* recorder = record::recorder(scope)) event(*recorder);
}

inline void record_allocation(void* block, std::size_t requested, wire::CallKind kind) {
  // The allocator is asked outside of the scope: it may allocate for itself.
  const std::size_t usable = block != nullptr ? bootstrap::real.malloc_usable_size(block) : 0;
  with_recorder([&](record::ThreadRecorder& recorder) {
    if (block == nullptr) return recorder.call_failed();
    recorder.allocated(block, requested, usable, kind);
  });
}

inline void record_release(const void* block) {
  with_recorder([&](record::ThreadRecorder& recorder) { recorder.released(block); });
}

}  // namespace heapscribe::hooks
