// Recording stops for a while at the program's wish.
//
// Releases of blocks that are known go on being recorded: what is freed meanwhile is not alive.
// Allocations are only counted. Not in Mode::Sample, where a release does not tell whether its
// block was counted.
#pragma once

namespace heapscribe::record {

// What was wished for from outside, if anything: to be called now and then.
void follow_wish();

// As if pause_recording() had been called before the first event. Returns whether that is so.
bool begins_interrupted();

// False if recording is not going on.
bool pause_recording();
// False if it was not paused.
bool resume_recording();

// An allocation that is not recorded.
void note_unrecorded();

}  // namespace heapscribe::record
