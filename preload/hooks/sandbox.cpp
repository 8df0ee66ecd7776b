// prctl and syscall: the program is about to restrict its own system calls. From then on ours must
// be few, and the collector would notice it only a moment later.
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "preload/entry.h"
#include "preload/hooks/record.h"
#include "preload/memory/pool.h"

using heapscribe::bootstrap::real;

namespace {

void prepare_for_restriction() {
  heapscribe::record::session.avoid_system_calls();
  heapscribe::memory::avoid_system_calls();
  heapscribe::record::stop_clock();  // strict mode takes the time-stamp counter away as well
}

}  // namespace

extern "C" {

// Called by the stubs below with the function's first argument; returns the real function.
[[gnu::used, gnu::visibility("hidden")]] void* heapscribe_before_prctl(int option) {
  if (real.prctl == nullptr) heapscribe::start();
  if (option == PR_SET_SECCOMP) prepare_for_restriction();
  if (option == PR_SET_TSC) {
    heapscribe::memory::avoid_timer();
    heapscribe::record::stop_clock();
  }
  return reinterpret_cast<void*>(real.prctl);
}

[[gnu::used, gnu::visibility("hidden")]] void* heapscribe_before_syscall(long number) {
  if (real.syscall == nullptr) heapscribe::start();
  if (number == SYS_seccomp) prepare_for_restriction();
  return reinterpret_cast<void*>(real.syscall);
}

// Both take a variable number of arguments, in six registers and on the stack: all stay in place,
// and the real function is reached by a jump.
#define HEAPSCRIBE_JUMP_AFTER(before) \
  asm("push %rdi\n\t"                 \
      ".cfi_adjust_cfa_offset 8\n\t"  \
      "push %rsi\n\t"                 \
      ".cfi_adjust_cfa_offset 8\n\t"  \
      "push %rdx\n\t"                 \
      ".cfi_adjust_cfa_offset 8\n\t"  \
      "push %rcx\n\t"                 \
      ".cfi_adjust_cfa_offset 8\n\t"  \
      "push %r8\n\t"                  \
      ".cfi_adjust_cfa_offset 8\n\t"  \
      "push %r9\n\t"                  \
      ".cfi_adjust_cfa_offset 8\n\t"  \
      "sub $8, %rsp\n\t"              \
      ".cfi_adjust_cfa_offset 8\n\t"  \
      "call " before                  \
      "\n\t"                          \
      "mov %rax, %r11\n\t"            \
      "add $8, %rsp\n\t"              \
      ".cfi_adjust_cfa_offset -8\n\t" \
      "pop %r9\n\t"                   \
      ".cfi_adjust_cfa_offset -8\n\t" \
      "pop %r8\n\t"                   \
      ".cfi_adjust_cfa_offset -8\n\t" \
      "pop %rcx\n\t"                  \
      ".cfi_adjust_cfa_offset -8\n\t" \
      "pop %rdx\n\t"                  \
      ".cfi_adjust_cfa_offset -8\n\t" \
      "pop %rsi\n\t"                  \
      ".cfi_adjust_cfa_offset -8\n\t" \
      "pop %rdi\n\t"                  \
      ".cfi_adjust_cfa_offset -8\n\t" \
      "xor %eax, %eax\n\t"            \
      "jmp *%r11")

[[gnu::naked, gnu::visibility("default")]] int prctl(int, ...) noexcept {
  HEAPSCRIBE_JUMP_AFTER("heapscribe_before_prctl");
}

[[gnu::naked, gnu::visibility("default")]] long syscall(long, ...) noexcept {
  HEAPSCRIBE_JUMP_AFTER("heapscribe_before_syscall");
}
}
