// health as a document.
#pragma once

#include "analyzer/render/document.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/reports/health.h"

namespace heapscribe::render {

Document health_document(const reports::Health& health, const Context& context);

}  // namespace heapscribe::render
