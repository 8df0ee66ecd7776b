// diff and compare as documents.
#pragma once

#include <cstdint>
#include <optional>

#include "analyzer/render/document.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/reports/comparison.h"
#include "analyzer/reports/difference.h"

namespace heapscribe::render {

struct DifferenceDetail {
  bool wanted = true;                 // lines below a row, in text
  bool unchanged = false;             // rows without a change too; data always has them
  std::optional<std::int64_t> limit;  // rows; none = all
};

Document difference_document(const reports::Difference& difference, const Context& context,
                             const DifferenceDetail& detail);
Document comparison_document(const reports::Comparison& comparison, const Context& context,
                             const DifferenceDetail& detail);

}  // namespace heapscribe::render
