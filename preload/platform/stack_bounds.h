// Where the calling thread's stack is, without asking anybody.
#pragma once

#include <cstddef>

namespace heapscribe::platform {

// Notes the end of the main thread's stack. Call once, from any thread.
void note_main_stack();

// True if [address, address + bytes) lies between the current frame and the outer end of the
// thread's own stack. False on alternate and coroutine stacks, whose ends are unknown.
bool on_own_stack(const void* address, std::size_t bytes);

}  // namespace heapscribe::platform
