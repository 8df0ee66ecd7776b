// A frame, as far as unwinding needs to know it.
#pragma once

#include <cstdint>

namespace heapscribe::unwind {

inline std::uintptr_t load(std::uintptr_t address) {
  return *reinterpret_cast<const std::uintptr_t*>(address);
}

// The registers that the rules speak of, as they are in the frame that `pc` lies in.
struct Frame {
  std::uintptr_t pc;  // return address, or the interrupted instruction
  std::uintptr_t sp;
  std::uintptr_t bp;

  // Where the return address was found.
  std::uintptr_t slot() const { return sp - 8; }
  // Of the function that was called from here, if it has a frame pointer: see caller_frame.
  std::uintptr_t called_frame() const { return sp - 16; }
};

// The frame that called the function in which this is written. That function gets a frame pointer,
// so our own frames need no unwinding.
[[gnu::always_inline]] inline Frame caller_frame() {
  const auto own = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  return {load(own + 8), own + 16, load(own)};
}

}  // namespace heapscribe::unwind
