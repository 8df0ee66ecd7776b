// Where the calling thread's stack is, without asking anybody.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heapscribe::platform {

// Notes where the main thread's stack ends and how large thread-local storage is. Call once, on the
// main thread's stack or not.
void note_main_stack();

// True if [address, address + bytes) lies between the current frame and the outer end of the
// thread's own stack. False on alternate and coroutine stacks, whose ends are unknown.
bool on_own_stack(const void* address, std::size_t bytes);

// Where the outermost frame of a thread lies: in (begin, end]. No other mapping's upper end can be
// there.
struct StackEnd {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool contains(std::uintptr_t address) const { return address > begin && address <= end; }
};
StackEnd end_of_main_stack();

// glibc's struct pthread of the calling thread, by the ABI's first words of a thread.
inline std::uintptr_t own_descriptor() {
  std::uintptr_t descriptor = 0;
  asm("mov %%fs:0x10, %0" : "=r"(descriptor));
  return descriptor;
}

// Bytes of static thread-local storage below a thread's descriptor, at most; and what the
// descriptor itself takes.
std::uintptr_t thread_storage();
inline constexpr std::uintptr_t kDescriptorBytes = 2304;  // glibc's struct pthread
// Where the first thread began; the program's arguments follow.
std::uintptr_t outermost_frame_of_main();

StackEnd end_of_thread_stack();  // of the calling thread, which is not the main one

}  // namespace heapscribe::platform
