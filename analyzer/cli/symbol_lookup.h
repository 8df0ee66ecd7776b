// Looking up symbols as a command does it: with a progress line.
#pragma once

#include "analyzer/symbols/symbolize.h"

namespace heapscribe::cli {

// symbols::symbolize_recording; shows on the terminal how far it has come.
symbols::SymbolizeResult look_up_symbols(capture::Database& recording,
                                         symbols::SymbolizeOptions options = {});
// symbols::symbolize_for_reading, likewise.
void look_up_symbols_for_reading(capture::Database& recording);

}  // namespace heapscribe::cli
