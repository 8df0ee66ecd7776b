// Birth of the library in the target.
#pragma once

namespace heapscribe {

// Called by every hook that finds the process not recording. Resolves the real functions and starts
// recording, as far as that has not happened and is possible.
// False only while the real functions are being resolved further up this very stack.
bool start();

// on_exit handler, see hooks/process.cpp.
void note_exit(int status, void* unused);
// at_quick_exit handler, likewise.
void note_quick_exit(void* unused);

}  // namespace heapscribe
