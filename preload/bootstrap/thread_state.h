// What a thread needs before anything else: a few words of static thread-local storage.
//
// Initial-exec, zero-initialised, no destructor: valid from the first instruction of a thread to
// its last, whatever runs in between. Must stay small, since static TLS is scarce.
#pragma once

#include <cstdint>

#include "preload/wire/session.h"

namespace heapscribe::record {
class ThreadRecorder;
}

namespace heapscribe::bootstrap {

struct ThreadState {
  record::ThreadRecorder* recorder;  // nullptr until the thread's first event; owned by its table
  const void* released;  // block that operator delete has recorded and free must not record again
  std::int64_t until_look;     // calls until time is looked at, see hooks/record.h; < 0 = now
  std::uintptr_t scope_frame;  // where our own code was entered; 0 = it is not running
  std::uint8_t pending_kind;   // operator new announces the block that malloc is about to make
  std::uint8_t refused;        // 1 = no space for this thread's counters
};
inline constexpr std::uint8_t kNoPendingKind = 0;

[[gnu::tls_model("initial-exec")]] extern constinit thread_local ThreadState thread_state;

}  // namespace heapscribe::bootstrap
