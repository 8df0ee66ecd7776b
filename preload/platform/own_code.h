// Which code is ours: hook frames do not belong into the target's stacks.
#pragma once

#include <cstdint>

namespace heapscribe::platform {

// Notes where this library is mapped. Takes the loader's list lock.
void note_own_code();

// True for a return address inside this library. False for all before note_own_code.
bool is_own_code(std::uintptr_t address);

}  // namespace heapscribe::platform
