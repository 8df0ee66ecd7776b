// Names for every address of a recording, stored in the recording.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "analyzer/symbols/module_file.h"
#include "preload/capture/database.h"

namespace heapscribe::symbols {

struct SymbolizeOptions {
  std::vector<std::string> debug_paths;  // like /usr/lib/debug, searched before it
  bool debuginfod = std::getenv("DEBUGINFOD_URLS") != nullptr;
  // Called now and then with addresses finished and in all.
  std::function<void(std::size_t done, std::size_t total)> progress;
  // Also look up again what has names; better names replace worse ones, never the reverse.
  bool again = false;
};

struct ModuleResult {
  ModuleIdentity module;      // without path: code in no module
  std::size_t addresses = 0;  // looked up now
  std::size_t with_function = 0;
  std::size_t with_line = 0;
  SymbolState state = SymbolState::NotAFile;  // remedy.h has words for it
  std::string source;                         // file that the symbols were read from, empty = none
};

struct SymbolizeResult {
  std::size_t addresses = 0;
  std::size_t with_function = 0;
  std::size_t with_line = 0;
  std::vector<ModuleResult> modules;  // most addresses first
  std::string trouble;                // a sentence about what went wrong on the way, mostly empty
};

// Fills `function`, `source_file`, `frame` (every address gets at least depth 0, if need be as
// "libfoo.so.1+0x1234"), module.symbol_source, what is to blame for each site, and the key
// 'symbolized'. Nests in a transaction. Files that cannot be read cost symbols,
// never an exception; throws DatabaseError.
SymbolizeResult symbolize_recording(capture::Database& recording, const SymbolizeOptions& options);

// The same for a recording that somebody else still writes: the names go to temporary tables of
// this connection, which take the place of those in the file. May be called within a transaction.
SymbolizeResult symbolize_for_reading(capture::Database& recording,
                                      const SymbolizeOptions& options);

}  // namespace heapscribe::symbols
