#include "preload/unwind/call_frame_info.h"

#include <gtest/gtest.h>

namespace heapscribe::unwind {
namespace {

TEST(FrameRule, PackingLosesNothing) {
  for (std::int32_t offset = 0; offset < 2048 * 8; offset += 8) {
    for (std::uint8_t slot = 0; slot < 8; ++slot) {
      const FrameRule rule{RuleKind::FromBp, slot, offset};
      ASSERT_TRUE(rule.packs());
      ASSERT_LT(rule.packed(), 1U << FrameRule::kBits);
      const FrameRule back = FrameRule::unpacked(rule.packed());
      ASSERT_EQ(back.kind, rule.kind);
      ASSERT_EQ(back.bp_slot, rule.bp_slot);
      ASSERT_EQ(back.offset, rule.offset);
    }
  }
}

TEST(FrameRule, RefusesWhatDoesNotFit) {
  EXPECT_FALSE((FrameRule{RuleKind::FromSp, 0, 2048 * 8}.packs()));
  EXPECT_FALSE((FrameRule{RuleKind::FromSp, 0, 12}.packs()));
  EXPECT_FALSE((FrameRule{RuleKind::FromSp, 8, 16}.packs()));
  EXPECT_FALSE((FrameRule{RuleKind::FromSp, 0, -8}.packs()));
}

// Hand-written frames whose rules are known. The label stands after the instruction in question.
extern "C" {
void heapscribe_test_entry();
void heapscribe_test_pushed();
void heapscribe_test_framed();
void heapscribe_test_outermost();
}
asm(R"(
  .text
  .type heapscribe_test_entry, @function
  .globl heapscribe_test_entry, heapscribe_test_pushed, heapscribe_test_framed
  .globl heapscribe_test_outermost
heapscribe_test_entry:
  .cfi_startproc
  nop
  push %r12
  .cfi_adjust_cfa_offset 8
heapscribe_test_pushed:
  push %rbp
  .cfi_adjust_cfa_offset 8
  .cfi_offset %rbp, -24
  mov %rsp, %rbp
  .cfi_def_cfa_register %rbp
heapscribe_test_framed:
  nop
  leave
  ret
  .cfi_endproc
heapscribe_test_outermost:
  .cfi_startproc
  .cfi_undefined %rip
  hlt
  .cfi_endproc
)");

std::uintptr_t at(void (*function)()) {
  return reinterpret_cast<std::uintptr_t>(function);
}

TEST(CompileRule, FollowsThePrologue) {
  const FrameRule entry = compile_rule(at(heapscribe_test_entry));
  EXPECT_EQ(entry.kind, RuleKind::FromSp);
  EXPECT_EQ(entry.offset, 8);
  EXPECT_EQ(entry.bp_slot, 0);
  const FrameRule pushed = compile_rule(at(heapscribe_test_pushed));
  EXPECT_EQ(pushed.kind, RuleKind::FromSp);
  EXPECT_EQ(pushed.offset, 16);
  const FrameRule framed = compile_rule(at(heapscribe_test_framed));
  EXPECT_EQ(framed.kind, RuleKind::FromBp);
  EXPECT_EQ(framed.offset, 24);
  EXPECT_EQ(framed.bp_slot, 2);
}

TEST(CompileRule, KnowsWhereAStackEnds) {
  EXPECT_EQ(compile_rule(at(heapscribe_test_outermost)).kind, RuleKind::Outermost);
}

TEST(CompileRule, CodeWithoutTablesHasNoRule) {
  static int data = 0;
  EXPECT_EQ(compile_rule(reinterpret_cast<std::uintptr_t>(&data)).kind, RuleKind::None);
  EXPECT_EQ(compile_rule(0x10).kind, RuleKind::None);
}

}  // namespace
}  // namespace heapscribe::unwind
