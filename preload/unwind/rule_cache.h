// Rules by return address: one word an entry, address and rule together, so a reader sees both or
// neither. Lock-free, shared by all threads, fixed in size: a full neighbourhood is overwritten.
#pragma once

#include <cstdint>

#include "preload/unwind/frame_rule.h"

namespace heapscribe::unwind {

// Reserves the cache (2 MiB of address space, touched as it fills). False without memory.
bool prepare_rule_cache();

// The rule for a return address, that is, of the call one byte before it.
FrameRule rule_for_return_address(std::uintptr_t address);

// An object was unloaded: its addresses may soon mean something else.
void forget_rules();

}  // namespace heapscribe::unwind
