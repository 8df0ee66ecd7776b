// The default unwinder: libunwind's fast trace, with what libunwind does to its surroundings taken
// away. libunwind is linked statically; --wrap (see guest.cmake) leads these calls here:
//   sigprocmask   it masks signals around its locks. Two system calls a cache miss, and death under
//                 a seccomp filter. The recording scope already keeps a handler out of libunwind.
//   mincore, pipe2, syscall(SYS_write), read, msync
//                 it asks the kernel whether an address is readable, and keeps two descriptors open
//                 for that. Here the answer is the thread's own stack.
//   open          it reads the ELF file of code without a search table. Files are the collector's.
#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include <cerrno>
#include <csignal>
#include <cstddef>

#include "preload/unwind/stack_bounds.h"
#include "preload/unwind/unwinder.h"

namespace heapscribe::unwind {

std::uint32_t capture_libunwind(std::uintptr_t* frames, std::uint32_t capacity) {
  const int count = unw_backtrace(reinterpret_cast<void**>(frames), static_cast<int>(capacity));
  return count > 0 ? static_cast<std::uint32_t>(count) : 0;
}

void prepare_libunwind() {
  std::uintptr_t frames[16];
  capture_libunwind(frames, 16);
}

void forget_unloaded_code() { unw_flush_cache(unw_local_addr_space, 0, 0); }

}  // namespace heapscribe::unwind

extern "C" {

int __wrap_sigprocmask(int, const sigset_t*, sigset_t*);
int __wrap_sigprocmask(int, const sigset_t*, sigset_t*) { return 0; }

int __wrap_mincore(void*, std::size_t, unsigned char*);
int __wrap_mincore(void* address, std::size_t bytes, unsigned char*) {
  return heapscribe::unwind::on_own_stack(address, bytes) ? 0 : -1;
}

int __wrap_msync(void*, std::size_t, int);
int __wrap_msync(void* address, std::size_t bytes, int) {
  return heapscribe::unwind::on_own_stack(address, bytes) ? 0 : -1;
}

int __wrap_pipe2(int*, int);
int __wrap_pipe2(int*, int) { return -1; }

// "The pipe is empty" and "one byte written": the address was already judged by mincore.
ssize_t __wrap_read(int, void*, std::size_t);
ssize_t __wrap_read(int, void*, std::size_t) {
  errno = EAGAIN;
  return -1;
}
long __wrap_syscall(long, ...);
long __wrap_syscall(long, ...) { return 1; }

int __wrap_open(const char*, int, ...);
int __wrap_open(const char*, int, ...) {
  errno = ENOENT;
  return -1;
}
}
