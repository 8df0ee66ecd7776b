// Which object is mapped where, and since when, written into the session.
//
// An address in a stack means something only together with the objects mapped at that time. A
// layout is a set of objects of which no two claim the same address; stacks carry its number. It
// changes only when an object is loaded where a different one used to be, and goes back to an older
// layout that fits: a program that loads and unloads one plugin a thousand times stays in one
// layout.
#pragma once

#include <cstdint>

namespace heapscribe::record {

// Brings the list up to date if the loader has done anything. Cheap when it has not. If another
// thread is at it, returns at once. Takes the loader's list lock, never waits for ours.
void refresh_modules();

// dlopen is about to run: constructors may allocate before it returns. Until the change is seen (or
// for a few thousand stacks) every capture refreshes the list, if an object was ever unloaded.
void expect_new_modules();
bool new_modules_expected();

}  // namespace heapscribe::record
