#include "analyzer/cli/symbol_lookup.h"

#include <fmt/format.h>

#include "analyzer/cli/progress_line.h"

namespace heapscribe::cli {

namespace {

void show_progress_on(ProgressLine& line, symbols::SymbolizeOptions& options) {
  options.progress = [&line](std::size_t done, std::size_t total) {
    if (total == 0) return;
    line.show([&] { return fmt::format("looking up symbols, {} %", done * 100 / total); });
  };
}

}  // namespace

symbols::SymbolizeResult look_up_symbols(capture::Database& recording,
                                         symbols::SymbolizeOptions options) {
  ProgressLine line;
  show_progress_on(line, options);
  return symbols::symbolize_recording(recording, options);
}

void look_up_symbols_for_reading(capture::Database& recording) {
  ProgressLine line;
  symbols::SymbolizeOptions options;
  show_progress_on(line, options);
  symbols::symbolize_for_reading(recording, options);
}

}  // namespace heapscribe::cli
