// Signal handlers without libc, which would show them to the program.
#pragma once

#include <signal.h>

#include <cstdint>

#include "preload/platform/kernel.h"

namespace heapscribe::platform {

using SignalHandler = void (*)(int, siginfo_t*, void*);

// As the kernel wants it; libc's struct differs.
struct SignalAction {
  SignalHandler handler;  // nullptr = the default
  unsigned long flags;
  void (*restorer)();
  std::uint64_t mask;
};

// Either may be nullptr. True if the kernel agreed.
bool change_signal_action(int signal, const SignalAction* action, SignalAction* old);

// A handler with SA_SIGINFO and `flags`, all other signals blocked meanwhile.
bool handle_signal(int signal, SignalHandler handler, unsigned long flags);

}  // namespace heapscribe::platform
