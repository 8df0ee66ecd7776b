// Names of the global variables that hold blocks, stored in table `holder`.
#pragma once

#include "analyzer/symbols/module_file.h"
#include "preload/capture/database.h"

namespace heapscribe::symbols {

// What cannot be read stays without a name. Nests in a transaction.
void name_holders(capture::Database& recording, const SearchOptions& options);

}  // namespace heapscribe::symbols
