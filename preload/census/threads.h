// Stops the other threads for a moment and notes their registers, by a signal that the program does
// not use. No ptrace, no lock.
//
// The handler stays installed: a thread that blocks the signal gets it whenever it likes, and then
// finds that nobody waits.
#pragma once

#include <signal.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "preload/census/waiting_call.h"

namespace heapscribe::census {

inline constexpr std::size_t kRegisters = 16;

struct ThreadView {
  std::uint32_t id;                 // the kernel's
  std::atomic<std::uint32_t> seen;  // 1 = what follows is known
  std::uintptr_t sp;                // 0 = not known
  std::uintptr_t descriptor;        // glibc's struct pthread; 0 = not known
  stack_t alternate;                // for signal handlers
  std::uintptr_t registers[kRegisters];
  WaitingCall call;  // when we asked
  bool has_room;     // for a signal's frame, where it waits
  bool spared;       // gets no signal
};

enum class Patience : std::uint8_t { Long, Short };

class Threads {
 public:
  // Stops the other threads. Left alone, and so unseen, are those that would notice: that wait in a
  // call which a signal ends (waiting_call.h) or in one for signals, and those on stacks without
  // room for a signal; all of them under a debugger; and what cannot be stopped within a moment.
  // False without memory.
  bool stop(Patience patience);
  void resume();

  std::size_t size() const { return count_; }  // the stopped ones and the unseen
  const ThreadView& operator[](std::size_t index) const { return views_[index]; }
  std::size_t unseen() const;
  // Whether the kernel knew a thread of this id when we asked.
  bool has(std::uint32_t id) const;

 private:
  bool list();
  void look_at_stacks();
  void interrupt(Patience patience);
  void look_from_outside(ThreadView& view) const;
  void add(std::uint32_t id);

  ThreadView* views_ = nullptr;
  std::size_t count_ = 0;
  std::uint32_t self_ = 0;
};

}  // namespace heapscribe::census
