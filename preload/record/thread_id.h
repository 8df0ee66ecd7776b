// The kernel's id of the calling thread, without a system call once learnt: under a seccomp filter
// gettid may be deadly, and glibc keeps the number in the thread's descriptor anyway.
#pragma once

#include <cstdint>

namespace heapscribe::record {

// Call on the process's first thread: finds out where glibc keeps the number.
void learn_thread_id_place();

std::uint32_t current_thread_id();

// The id in the descriptor of any thread; 0 if its thread has ended, or the place is not known.
std::uint32_t thread_id_in(std::uintptr_t descriptor);

}  // namespace heapscribe::record
