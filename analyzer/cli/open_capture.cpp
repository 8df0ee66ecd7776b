#include "analyzer/cli/open_capture.h"

#include "analyzer/cli/output.h"
#include "analyzer/cli/progress.h"
#include "analyzer/cli/symbol_lookup.h"
#include "analyzer/reports/losses.h"

namespace heapscribe::cli {

std::unique_ptr<model::CaptureReader> open_capture(const std::string& path) {
  model::OpenOptions options;
  options.on_waiting = [] { note("waiting for the recording to be finished ..."); };
  options.name_live = [](capture::Database& recording) { look_up_symbols_for_reading(recording); };
  auto reader = std::make_unique<model::CaptureReader>(path, options);
  show_progress(reader->database());
  return reader;
}

render::Context context_of(const model::CaptureReader& reader, std::string selection) {
  return {reader.program(), reader.path(), std::move(selection), reports::caveats(reader)};
}

render::Context context_of_all(const model::CaptureReader& reader) {
  return {reader.program(), reader.path(), "", reports::caveats_of_all(reader)};
}

}  // namespace heapscribe::cli
