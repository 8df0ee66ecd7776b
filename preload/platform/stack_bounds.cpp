#include "preload/platform/stack_bounds.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdint>

#include "preload/platform/pages.h"

// Set by the dynamic loader: where the kernel put the program's arguments.
extern "C" void* __libc_stack_end;

namespace heapscribe::platform {
namespace {

constinit std::uintptr_t main_stack_end = 0;
// Between a thread's outermost frame and its descriptor lies static thread-local storage. Without
// knowing its size we rely on the smallest stack there can be, 16 KiB.
constinit std::uintptr_t thread_storage_bytes = std::uintptr_t{8} << 10;
constinit std::uintptr_t static_storage_bytes = 4096 - kDescriptorBytes;

// glibc puts a thread's descriptor at the outer end of its stack; the first thread's is elsewhere.
std::uintptr_t outer_end(std::uintptr_t here) {
  const auto descriptor = own_descriptor();
  if (descriptor > here && descriptor - here < (std::uintptr_t{1} << 32)) return descriptor;
  return main_stack_end;
}

// The loader's own answer; the sanitizers ask the same way.
void ask_for_thread_storage() {
  using Ask = void(std::size_t*, std::size_t*);
  auto* ask = reinterpret_cast<Ask*>(dlsym(RTLD_DEFAULT, "_dl_get_tls_static_info"));
  if (ask == nullptr) return;
  std::size_t bytes = 0;
  std::size_t alignment = 0;
  ask(&bytes, &alignment);
  // The loader counts the descriptor in.
  if (bytes > kDescriptorBytes) static_storage_bytes = bytes - kDescriptorBytes;
  if (bytes > thread_storage_bytes) thread_storage_bytes = bytes;
}

}  // namespace

void note_main_stack() {
  const auto end = reinterpret_cast<std::uintptr_t>(__libc_stack_end);
  main_stack_end = round_up(end, kPageSize);
  ask_for_thread_storage();
}

bool on_own_stack(const void* address, std::size_t bytes) {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const auto begin = reinterpret_cast<std::uintptr_t>(address);
  const std::uintptr_t end = round_up(outer_end(here), kPageSize);
  // libunwind asks for whole pages: the page of the current frame counts from its start.
  return begin >= here / kPageSize * kPageSize && begin + bytes <= end;
}

std::uintptr_t thread_storage() {
  return static_storage_bytes;
}

std::uintptr_t outermost_frame_of_main() {
  return reinterpret_cast<std::uintptr_t>(__libc_stack_end);
}

StackEnd end_of_main_stack() {
  return {main_stack_end - 2 * kPageSize, main_stack_end};
}

// glibc refuses to make a thread whose stack leaves less than 2 KiB beside the thread-local
// storage.
StackEnd end_of_thread_stack() {
  const auto descriptor = own_descriptor();
  return {descriptor - thread_storage_bytes - 2048, descriptor};
}

}  // namespace heapscribe::platform
