#include "preload/platform/kernel_signal.h"

namespace heapscribe::platform {
namespace {

constexpr unsigned long kHasRestorer = 0x0400'0000;

extern "C" [[gnu::naked, gnu::visibility("hidden")]] void heapscribe_end_of_signal() {
  asm("mov $15, %eax\n\t"  // rt_sigreturn
      "syscall");
}

}  // namespace

bool change_signal_action(int signal, const SignalAction* action, SignalAction* old) {
  return !failed(system_call(SYS_rt_sigaction, signal, as_argument(action), as_argument(old),
                             sizeof(std::uint64_t)));
}

bool handle_signal(int signal, SignalHandler handler, unsigned long flags) {
  const SignalAction action{handler, SA_SIGINFO | kHasRestorer | flags, heapscribe_end_of_signal,
                            ~std::uint64_t{0}};
  return change_signal_action(signal, &action, nullptr);
}

}  // namespace heapscribe::platform
