// Rules out of .eh_frame, the tables that compilers emit for exceptions (DWARF 5, section 6.4; the
// GNU variant: Linux Standard Base, "Exception Frames").
#pragma once

#include <cstdint>

#include "preload/unwind/frame_rule.h"

namespace heapscribe::unwind {

// The rule in force at `pc`. Finds the table through _dl_find_object, which takes no lock, makes no
// system call and may be called anywhere, signal handlers included.
FrameRule compile_rule(std::uintptr_t pc);

}  // namespace heapscribe::unwind
