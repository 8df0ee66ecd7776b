// From a frame to its caller by a rule.
//
// What is read is the stack between the frame and its caller, at places that the compiler's tables
// name. It stops rather than guess: exotic rules are left to the general unwinder, and in code
// without tables frame pointers are followed only inside the thread's own stack.
#pragma once

#include <ucontext.h>

#include "preload/platform/stack_bounds.h"
#include "preload/unwind/frame.h"
#include "preload/unwind/frame_rule.h"

namespace heapscribe::unwind {

enum class Step : std::uint8_t {
  Next,         // the caller
  Interrupted,  // the frame that a signal interrupted: pc is no return address
  End,          // there is no caller; Frame::pc is 0 if that is what stood in its place
  Exotic,
};

// A frame further out lies higher on the same stack, and frames are not gigantic.
inline bool plausible(std::uintptr_t sp, std::uintptr_t cfa) {
  constexpr std::uintptr_t kLargestFrame = std::uintptr_t{64} << 20;
  return cfa - sp <= kLargestFrame && cfa % 8 == 0;
}

inline Step enter_caller(Frame& frame, std::uintptr_t cfa, std::uintptr_t bp) {
  frame.pc = load(cfa - 8);
  frame.sp = cfa;
  frame.bp = bp;
  return frame.pc != 0 ? Step::Next : Step::End;
}

inline Step leave_signal_frame(Frame& frame) {
  const auto* context = reinterpret_cast<const ucontext_t*>(frame.sp);
  const auto& registers = context->uc_mcontext.gregs;
  frame.pc = static_cast<std::uintptr_t>(registers[REG_RIP]);
  frame.sp = static_cast<std::uintptr_t>(registers[REG_RSP]);
  frame.bp = static_cast<std::uintptr_t>(registers[REG_RBP]);
  return Step::Interrupted;
}

// Believes the frame pointer if it looks like one.
inline Step follow_frame_pointer(Frame& frame) {
  const auto* record = reinterpret_cast<const void*>(frame.bp);
  const bool looks_right = frame.bp >= frame.sp && frame.bp % 8 == 0 &&
                           platform::on_own_stack(record, 2 * sizeof frame.bp);
  if (!looks_right) return Step::End;
  return enter_caller(frame, frame.bp + 16, load(frame.bp));
}

inline Step leave_realigned(std::int32_t offset, Frame& frame) {
  const std::uintptr_t at = frame.bp - static_cast<std::uintptr_t>(std::intptr_t{offset});
  if (!plausible(frame.sp, at)) return Step::End;
  const std::uintptr_t cfa = load(at);
  if (!plausible(frame.sp, cfa)) return Step::End;
  return enter_caller(frame, cfa, load(frame.bp));
}

inline Step leave_frame(const FrameRule& rule, Frame& frame) {
  if (rule.kind == RuleKind::FromSp || rule.kind == RuleKind::FromBp) [[likely]] {
    const std::uintptr_t base = rule.kind == RuleKind::FromSp ? frame.sp : frame.bp;
    const std::uintptr_t cfa = base + static_cast<std::uintptr_t>(std::intptr_t{rule.offset});
    if (!plausible(frame.sp, cfa)) [[unlikely]]
      return Step::End;
    const std::uintptr_t bp =
        rule.bp_slot == 0 ? frame.bp : load(cfa - 8 * (std::uintptr_t{rule.bp_slot} + 1));
    return enter_caller(frame, cfa, bp);
  }
  switch (rule.kind) {
    case RuleKind::Realigned:
      return leave_realigned(rule.offset, frame);
    case RuleKind::SignalFrame:
      return leave_signal_frame(frame);
    case RuleKind::Outermost:
      frame.pc = 1;  // nothing was read
      return Step::End;
    case RuleKind::None:
      return follow_frame_pointer(frame);
    default:
      return Step::Exotic;
  }
}

}  // namespace heapscribe::unwind
