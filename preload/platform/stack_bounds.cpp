#include "preload/platform/stack_bounds.h"

#include <pthread.h>

#include <atomic>
#include <cstdint>

#include "preload/platform/pages.h"

// Set by the dynamic loader: where the kernel put the program's arguments.
extern "C" void* __libc_stack_end;

namespace heapscribe::platform {
namespace {

constinit std::uintptr_t main_stack_end = 0;

// glibc puts a thread's descriptor at the outer end of its stack; the first thread's is elsewhere.
std::uintptr_t outer_end(std::uintptr_t here) {
  const auto descriptor = static_cast<std::uintptr_t>(pthread_self());
  if (descriptor > here && descriptor - here < (std::uintptr_t{1} << 32)) return descriptor;
  return main_stack_end;
}

}  // namespace

void note_main_stack() {
  const auto end = reinterpret_cast<std::uintptr_t>(__libc_stack_end);
  main_stack_end = round_up(end, kPageSize);
}

bool on_own_stack(const void* address, std::size_t bytes) {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const auto begin = reinterpret_cast<std::uintptr_t>(address);
  const std::uintptr_t end = round_up(outer_end(here), kPageSize);
  // libunwind asks for whole pages: the page of the current frame counts from its start.
  return begin >= here / kPageSize * kPageSize && begin + bytes <= end;
}

}  // namespace heapscribe::platform
