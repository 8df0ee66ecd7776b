// Source files, and the process over time, as documents.
#pragma once

#include <vector>

#include "analyzer/render/report_documents.h"
#include "analyzer/reports/source.h"
#include "analyzer/reports/timeline.h"

namespace heapscribe::render {

Document source_files_document(const std::vector<reports::SourceFile>& files,
                               std::optional<std::int64_t> limit, const Context& context);
// The text of a line is as it is in the file, tabs as spaces.
Document source_document(const reports::SourceText& source, const Context& context);

Document timeline_document(const std::vector<reports::TimelinePoint>& points,
                           const Context& context);

}  // namespace heapscribe::render
