// System calls without libc: they leave errno alone and cannot be interposed by the target.
// A result in [-4095, -1] is the negated errno.
#pragma once

#include <sys/syscall.h>

#include <cstddef>
#include <cstdint>

#if !defined(__x86_64__)
#error "heapscribe records x86-64 programs; a port needs this file and unwind/ for its processor"
#endif

namespace heapscribe::platform {

inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                        long f = 0) {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

inline bool failed(long result) {
  return result < 0 && result >= -4095;
}

inline long as_argument(const void* pointer) {
  return reinterpret_cast<long>(pointer);
}

inline std::uint64_t clock_ns(int clock) {
  struct {
    std::int64_t seconds, nanoseconds;
  } now{};
  system_call(SYS_clock_gettime, clock, as_argument(&now));
  return static_cast<std::uint64_t>(now.seconds) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.nanoseconds);
}

}  // namespace heapscribe::platform
