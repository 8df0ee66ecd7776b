// Proof that this thread may record now: not already inside our own code. The recorder is reached
// only through a scope, so forgetting the guard does not compile.
//
// Only our own code runs inside a scope, never the real allocator: whatever the target does there
// (signal handlers, new_handler, longjmp) is recorded as usual.
//
// A signal handler may interrupt our code and jump out of it (siglongjmp), so that a scope is never
// left. It is noticed by its place: the next hook runs in a frame further out on the same stack.
#pragma once

#include <cstdint>

#include "preload/bootstrap/thread_state.h"

namespace heapscribe::bootstrap {

// True if the scope entered at `scope_frame` cannot be running any more, seen from `frame`.
bool was_abandoned(std::uintptr_t scope_frame, std::uintptr_t frame);

class RecordingScope {
 public:
  [[gnu::always_inline]] RecordingScope()
      : entered_(enter(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)))) {}
  // For a function that a hook calls: the hook's frame. Its own lies further in than those of hooks
  // that were jumped out of, which would be taken for still running.
  explicit RecordingScope(std::uintptr_t hook_frame) : entered_(enter(hook_frame)) {}
  ~RecordingScope() {
    if (entered_) thread_state.scope_frame = 0;
  }
  RecordingScope(const RecordingScope&) = delete;
  RecordingScope& operator=(const RecordingScope&) = delete;

  // False: a signal handler interrupted our own code.
  explicit operator bool() const { return entered_; }

 private:
  static bool enter(std::uintptr_t frame) {
    const std::uintptr_t scope_frame = thread_state.scope_frame;
    if (scope_frame != 0 && !was_abandoned(scope_frame, frame)) [[unlikely]]
      return false;
    thread_state.scope_frame = frame;
    return true;
  }

  bool entered_;
};

}  // namespace heapscribe::bootstrap
