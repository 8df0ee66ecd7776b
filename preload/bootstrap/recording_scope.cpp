#include "preload/bootstrap/recording_scope.h"

#include <csignal>

#include "preload/platform/kernel.h"
#include "preload/platform/stack_bounds.h"

namespace heapscribe::bootstrap {
namespace {

// An alternate signal stack may lie anywhere, so addresses on it say nothing.
bool on_alternate_stack() {
  stack_t stack{};
  platform::system_call(SYS_sigaltstack, 0, platform::as_argument(&stack));
  return (stack.ss_flags & SS_ONSTACK) != 0;
}

}  // namespace

bool was_abandoned(std::uintptr_t scope_frame, std::uintptr_t frame) {
  if (frame < scope_frame) return false;
  const auto* place = reinterpret_cast<const void*>(frame);
  return platform::on_own_stack(place, sizeof frame) && !on_alternate_stack();
}

}  // namespace heapscribe::bootstrap
