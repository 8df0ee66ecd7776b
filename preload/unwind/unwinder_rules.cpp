// The fast unwinder: follows cached rules from frame to frame.
//
// What it reads is the stack between the current frame and the outermost one, at places that the
// compiler's tables name. It stops rather than guess: at an exotic rule the general unwinder takes
// over, in code without tables frame pointers are followed only inside the thread's own stack.
#include <ucontext.h>

#include "preload/platform/stack_bounds.h"
#include "preload/unwind/rule_cache.h"
#include "preload/unwind/unwinder.h"

namespace heapscribe::unwind {
namespace {

// The registers that the rules speak of, as they were in the frame that `pc` lies in.
struct Frame {
  std::uintptr_t pc;  // return address, or the interrupted instruction
  std::uintptr_t sp;
  std::uintptr_t bp;
};

enum class Step : std::uint8_t { Next, Interrupted, End, Unsupported };

inline std::uintptr_t load(std::uintptr_t address) {
  return *reinterpret_cast<const std::uintptr_t*>(address);
}

// A frame further out lies higher on the same stack, and frames are not gigantic.
inline bool plausible(std::uintptr_t sp, std::uintptr_t cfa) {
  constexpr std::uintptr_t kLargestFrame = std::uintptr_t{64} << 20;
  return cfa - sp <= kLargestFrame && cfa % 8 == 0;
}

inline Step leave(Frame& frame, std::uintptr_t cfa, std::uintptr_t bp) {
  frame.pc = load(cfa - 8);
  frame.sp = cfa;
  frame.bp = bp;
  return frame.pc != 0 ? Step::Next : Step::End;
}

Step leave_signal_frame(Frame& frame) {
  const auto* context = reinterpret_cast<const ucontext_t*>(frame.sp);
  const auto& registers = context->uc_mcontext.gregs;
  frame.pc = static_cast<std::uintptr_t>(registers[REG_RIP]);
  frame.sp = static_cast<std::uintptr_t>(registers[REG_RSP]);
  frame.bp = static_cast<std::uintptr_t>(registers[REG_RBP]);
  return Step::Interrupted;
}

// Code without tables (generated at run time): believe the frame pointer if it looks like one.
Step follow_frame_pointer(Frame& frame) {
  const auto* record = reinterpret_cast<const void*>(frame.bp);
  const bool looks_right = frame.bp >= frame.sp && frame.bp % 8 == 0 &&
                           platform::on_own_stack(record, 2 * sizeof frame.bp);
  if (!looks_right) return Step::End;
  return leave(frame, frame.bp + 16, load(frame.bp));
}

inline Step apply(const FrameRule& rule, Frame& frame) {
  switch (rule.kind) {
    case RuleKind::FromSp:
    case RuleKind::FromBp: {
      const std::uintptr_t base = rule.kind == RuleKind::FromSp ? frame.sp : frame.bp;
      const std::uintptr_t cfa = base + static_cast<std::uintptr_t>(std::intptr_t{rule.offset});
      if (!plausible(frame.sp, cfa)) return Step::End;
      const std::uintptr_t bp =
          rule.bp_slot == 0 ? frame.bp : load(cfa - 8 * (std::uintptr_t{rule.bp_slot} + 1));
      return leave(frame, cfa, bp);
    }
    case RuleKind::Realigned: {
      const std::uintptr_t at = frame.bp - static_cast<std::uintptr_t>(std::intptr_t{rule.offset});
      if (!plausible(frame.sp, at)) return Step::End;
      const std::uintptr_t cfa = load(at);
      if (!plausible(frame.sp, cfa)) return Step::End;
      return leave(frame, cfa, load(frame.bp));
    }
    case RuleKind::SignalFrame:
      return leave_signal_frame(frame);
    case RuleKind::Outermost:
      return Step::End;
    case RuleKind::None:
      return follow_frame_pointer(frame);
    case RuleKind::Unsupported:
      break;
  }
  return Step::Unsupported;
}

}  // namespace

std::uint32_t capture_rules(std::uintptr_t* frames, std::uint32_t capacity) {
  const auto own = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  Frame frame{load(own + 8), own + 16, load(own)};
  std::uint32_t count = 0;
  // Where a signal interrupted code, the rule is that of the instruction itself, not of the call
  // before it: one byte further for a cache that looks one byte back.
  std::uintptr_t interrupted = 0;
  while (count < capacity) {
    frames[count++] = frame.pc;
    const Step step = apply(rule_for_return_address(frame.pc + interrupted), frame);
    if (step == Step::End) break;
    if (step == Step::Unsupported) return capture_boost(frames, capacity);
    interrupted = step == Step::Interrupted ? 1 : 0;
  }
  return count;
}

}  // namespace heapscribe::unwind
