#include "analyzer/cli/symbol_lookup.h"

#include <fmt/format.h>

#include "analyzer/cli/progress_line.h"

namespace heapscribe::cli {

symbols::SymbolizeResult look_up_symbols(capture::Database& recording,
                                         symbols::SymbolizeOptions options) {
  ProgressLine line;
  options.progress = [&](std::size_t done, std::size_t total) {
    if (total == 0) return;
    line.show([&] { return fmt::format("looking up symbols, {} %", done * 100 / total); });
  };
  return symbols::symbolize_recording(recording, options);
}

}  // namespace heapscribe::cli
