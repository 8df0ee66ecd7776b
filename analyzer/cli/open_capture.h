// Opening a recording on behalf of a person who waits for the answer.
#pragma once

#include <memory>
#include <string>

#include "analyzer/model/capture_reader.h"
#include "analyzer/render/report_documents.h"

namespace heapscribe::cli {

// Waits for a recording that is being finished, and says on stderr what takes longer than a second.
std::unique_ptr<model::CaptureReader> open_capture(const std::string& path);

// What documents say about this recording.
render::Context context_of(const model::CaptureReader& reader, std::string selection = {});
// What those say that are about all of it.
render::Context context_of_all(const model::CaptureReader& reader);

}  // namespace heapscribe::cli
