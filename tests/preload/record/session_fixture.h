// A session for the guest's parts: a file as the collector would prepare it, mapped by `session`.
#pragma once

#include <string>

#include "preload/record/session.h"

namespace heapscribe::record {

// Opens `session` on a fresh file, once per test process; later calls do nothing.
void open_test_session();

}  // namespace heapscribe::record
