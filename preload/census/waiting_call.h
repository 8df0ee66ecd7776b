// The system call that a thread waits in, and whether a signal handler may come in between without
// the program noticing.
//
// After a handler the kernel itself takes up again what SA_RESTART covers. Other calls fail with
// EINTR: for those of which it makes no difference, the handler makes the thread enter the kernel
// once more, with the same arguments. Nothing but registers is changed.
#pragma once

#include <ucontext.h>

#include <cstdint>
#include <string_view>

namespace heapscribe::census {

struct WaitingCall {
  enum class State : std::uint8_t { Unknown, Running, Waiting };
  State state = State::Unknown;
  long number = -1;
  std::uintptr_t arguments[6] = {};
  std::uintptr_t sp = 0, pc = 0;  // 0 = not known
};

// What the kernel tells of a thread of this process (/proc/self/task/ID/syscall).
WaitingCall waiting_call_of(std::uint32_t thread);
// The same from one line of text.
WaitingCall parse_waiting_call(std::string_view line);

// Whether it can be interrupted and taken up again, by the kernel or by take_up_again(). A wait
// with a time limit counted from its begin may then last up to a second longer.
bool can_be_taken_up_again(const WaitingCall& call);

// In a signal handler: if the signal has made a system call fail, makes the thread repeat it.
// `known`: what it waited in before it got the signal, as far as that is known.
void take_up_again(const WaitingCall& known, ucontext_t& context);

}  // namespace heapscribe::census
