// Proof that this thread may record now: not already inside our own code. The recorder is reached
// only through a scope, so forgetting the guard does not compile.
//
// Only our own code runs inside a scope, never the real allocator: whatever the target does there
// (signal handlers, new_handler, longjmp) is recorded as usual.
#pragma once

#include <cerrno>

#include "preload/bootstrap/thread_state.h"

namespace heapscribe::bootstrap {

class RecordingScope {
 public:
  RecordingScope() : entered_(thread_state.inside == 0), errno_(errno) { thread_state.inside = 1; }
  ~RecordingScope() {
    if (!entered_) return;
    thread_state.inside = 0;
    errno = errno_;
  }
  RecordingScope(const RecordingScope&) = delete;
  RecordingScope& operator=(const RecordingScope&) = delete;

  // False: a signal handler interrupted our own code.
  explicit operator bool() const { return entered_; }

 private:
  bool entered_;
  int errno_;
};

}  // namespace heapscribe::bootstrap
