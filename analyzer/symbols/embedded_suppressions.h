// Suppressions that a program carries in itself, for LeakSanitizer: what its function
// `__lsan_default_suppressions` returns. It is not called: the text is read out of the file, if the
// function does nothing but return a literal, as compilers write that for x86-64.
#pragma once

#include <string>

#include "analyzer/symbols/module_file.h"
#include "preload/capture/database.h"

namespace heapscribe::symbols {

// Of one file; empty if it has none, or one that cannot be read so.
std::string embedded_suppressions(const ModuleFile& file);

// Of all modules but the system's, into the key 'suppressions' of the recording.
void store_embedded_suppressions(capture::Database& recording, const SearchOptions& options);

}  // namespace heapscribe::symbols
