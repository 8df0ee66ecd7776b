// What was found for a module, and what would give more, as sentences.
#pragma once

#include <string>

#include "analyzer/symbols/module_file.h"

namespace heapscribe::symbols {

std::string describe(SymbolState state, const ModuleIdentity& module);

// Empty when nothing is missing or nothing can be done. Names the package with the debug
// information where the system knows which package the file belongs to: reads its file lists, some
// ten milliseconds.
std::string remedy(SymbolState state, const ModuleIdentity& module);

}  // namespace heapscribe::symbols
