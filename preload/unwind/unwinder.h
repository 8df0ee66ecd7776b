// The unwinder: one function.
#pragma once

#include <cstdint>

namespace heapscribe::unwind {

// Fills `frames` with the return addresses of the calling thread's stack, innermost first, and
// returns how many. Some of our own frames may come first; the caller drops them.
//  - Returning `capacity` means that there may be more: call again with more room.
//  - Makes no system call, allocates nothing that the recorder would see, and leaves errno alone or
//    to the caller. Runs inside a RecordingScope.
using CaptureFunction = std::uint32_t (*)(std::uintptr_t* frames, std::uint32_t capacity);

std::uint32_t capture_libunwind(std::uintptr_t* frames, std::uint32_t capacity);
std::uint32_t capture_boost(std::uintptr_t* frames, std::uint32_t capacity);

// Does what an unwinder wants to do once (tables, thread keys) before the program restricts itself.
void prepare_libunwind();

// An object was unloaded: rules for its addresses must go.
void forget_unloaded_code();

}  // namespace heapscribe::unwind
