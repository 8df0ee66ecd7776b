// The progress line of the reports, which wait for queries.
#pragma once

#include "preload/capture/database.h"

namespace heapscribe::cli {

// From now on, whenever a query of `database` runs and a second has passed, the last line of the
// terminal says for how long. Does nothing when stderr is not a terminal.
void show_progress(capture::Database& database);

// Takes the line away; to be called before something is printed.
void end_progress();

}  // namespace heapscribe::cli
