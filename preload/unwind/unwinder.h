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

// Cached rules from the compilers' tables; falls back to the general one.
std::uint32_t capture_rules(std::uintptr_t* frames, std::uint32_t capacity);

// Boost.Stacktrace over libgcc's unwinder: general and slow.
std::uint32_t capture_boost(std::uintptr_t* frames, std::uint32_t capacity);

}  // namespace heapscribe::unwind
