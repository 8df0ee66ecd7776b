// Unwinders that start anew every time: one function each, one contract. The default is none of
// them but RememberedStack, which falls back to the general one.
#pragma once

#include <cstdint>

namespace heapscribe::unwind {

// Fills `frames` with the return addresses of the calling thread's stack, innermost first, and
// returns how many. Some of our own frames may come first; the caller drops them.
//  - Returning `capacity` means that there may be more: call again with more room.
//  - Runs inside a RecordingScope, which keeps errno and whatever it allocates from the recorder.
using CaptureFunction = std::uint32_t (*)(std::uintptr_t* frames, std::uint32_t capacity);

// Cached rules from the compilers' tables; falls back to the general one.
std::uint32_t capture_rules(std::uintptr_t* frames, std::uint32_t capacity);

// Frame pointers only, inside the thread's own stack: for programs that were compiled with them.
std::uint32_t capture_frame_pointers(std::uintptr_t* frames, std::uint32_t capacity);

// Boost.Stacktrace over libgcc's unwinder: general and slow.
std::uint32_t capture_boost(std::uintptr_t* frames, std::uint32_t capacity);

// libunwind's fast trace. load_libunwind first; it is false where the library is missing. Loading
// runs the dynamic loader: only from a constructor.
bool load_libunwind();
std::uint32_t capture_libunwind(std::uintptr_t* frames, std::uint32_t capacity);

}  // namespace heapscribe::unwind
