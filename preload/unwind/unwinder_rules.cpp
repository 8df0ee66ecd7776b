// Follows cached rules from frame to frame, every time anew. See RememberedStack for the fast way.
#include "preload/unwind/frame_step.h"
#include "preload/unwind/rule_cache.h"
#include "preload/unwind/unwinder.h"

namespace heapscribe::unwind {

std::uint32_t capture_rules(std::uintptr_t* frames, std::uint32_t capacity) {
  Frame frame = caller_frame();
  std::uint32_t count = 0;
  // Where a signal interrupted code, the rule is that of the instruction itself, not of the call
  // before it: one byte further for a cache that looks one byte back.
  std::uintptr_t interrupted = 0;
  while (count < capacity) {
    frames[count++] = frame.pc;
    const Step step = leave_frame(rule_for_return_address(frame.pc + interrupted), frame);
    if (step == Step::End) break;
    if (step == Step::Exotic) return capture_boost(frames, capacity);
    interrupted = step == Step::Interrupted ? 1 : 0;
  }
  return count;
}

std::uint32_t capture_frame_pointers(std::uintptr_t* frames, std::uint32_t capacity) {
  Frame frame = caller_frame();
  std::uint32_t count = 0;
  do {
    if (count == capacity) return count;
    frames[count++] = frame.pc;
  } while (follow_frame_pointer(frame) == Step::Next);
  return count;
}

}  // namespace heapscribe::unwind
