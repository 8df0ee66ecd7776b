// How to get from one frame to its caller, in 17 bits.
//
// On x86-64 compiled code nearly always follows one shape: the canonical frame address (CFA, the
// stack pointer before the call) is the stack or frame pointer plus a constant, the return address
// lies just below it, and the caller's frame pointer is untouched or saved a few slots further
// down.
#pragma once

#include <cstdint>

namespace heapscribe::unwind {

enum class RuleKind : std::uint8_t {
  None,         // not known: code without unwind information
  FromSp,       // CFA = sp + offset
  FromBp,       // CFA = bp + offset
  Realigned,    // CFA = *(bp - offset), the caller's bp = *bp: frames realigned for vectors
  SignalFrame,  // sp points to the ucontext of an interrupted frame
  Outermost,    // nobody called this
  Unsupported,  // an exotic rule: left to the general unwinder
};

struct FrameRule {
  RuleKind kind = RuleKind::None;
  std::uint8_t bp_slot =
      0;  // 0 = the caller's bp is in the register; n = saved at CFA - 8 * (n + 1)
  std::int32_t offset = 0;  // bytes

  static constexpr unsigned kBits = 17;

  // True if packing loses nothing.
  constexpr bool packs() const {
    return offset >= 0 && offset % 8 == 0 && offset / 8 < 2048 && bp_slot < 8;
  }
  constexpr std::uint32_t packed() const {
    return static_cast<std::uint32_t>(kind) | std::uint32_t{bp_slot} << 3 |
           static_cast<std::uint32_t>(offset / 8) << 6;
  }
  static constexpr FrameRule unpacked(std::uint32_t bits) {
    return {static_cast<RuleKind>(bits & 7), static_cast<std::uint8_t>((bits >> 3) & 7),
            static_cast<std::int32_t>((bits >> 6) & 2047) * 8};
  }
};

}  // namespace heapscribe::unwind
