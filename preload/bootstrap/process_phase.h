// Where the process stands. Drawn as transitions:
//
//   Unborn --first call--> Resolving --real functions known--> Passing --session mapped-->
//   Recording
//                                                                 |                            |
//                                                                 +--no session--> Off <--fork
//                                                                 (child)
//
// The phase lies on a page of its own that the kernel wipes in a forked child (MADV_WIPEONFORK), so
// every way to fork, raw system calls included, leaves the child Unborn with `born` still set:
// that combination means Off. A vfork child shares its parent's memory and is recorded as part of
// it.
#pragma once

#include <atomic>
#include <cstdint>

namespace heapscribe::bootstrap {

enum class Phase : std::uint32_t { Unborn, Resolving, Passing, Off, Recording, Sampling, Paused };

struct alignas(4096) PhasePage {
  std::atomic<Phase> phase;
  char rest[4096 - sizeof(std::atomic<Phase>)];
};
extern constinit PhasePage phase_page;

inline Phase phase() {
  return phase_page.phase.load(std::memory_order_relaxed);
}
// Sampling is a way of recording; so is Paused, where only releases are (record/interruption.h).
inline bool is_recording() {
  return phase() >= Phase::Recording;
}
inline bool is_paused() {
  return phase() == Phase::Paused;
}
inline void set_phase(Phase phase) {
  phase_page.phase.store(phase, std::memory_order_release);
}

// Makes forked children forget the phase. Call once before Recording.
void wipe_phase_on_fork();

// True in a forked child of a process that was recorded; `first` is set for its first call.
bool is_forked_child(bool& first);

}  // namespace heapscribe::bootstrap
