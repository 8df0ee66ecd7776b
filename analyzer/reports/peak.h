// Who held the memory at the high-water mark of the process.
#pragma once

#include "analyzer/reports/sites.h"

namespace heapscribe::reports {

SitesReport find_peak_holders(model::CaptureReader& reader, std::optional<std::int64_t> limit);

}  // namespace heapscribe::reports
