// The report on a program's own sections, laid out.
#pragma once

#include "analyzer/render/report_documents.h"
#include "analyzer/reports/sections.h"

namespace heapscribe::render {

Document sections_document(const reports::SectionsReport& report, const Context& context);

}  // namespace heapscribe::render
