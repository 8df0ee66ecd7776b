// Where the program allocates: sites by bytes, calls, live, peak or temporary.
#pragma once

#include "analyzer/reports/sites.h"

namespace heapscribe::reports {

SitesReport find_hotspots(model::CaptureReader& reader, model::Measure by,
                          std::optional<std::int64_t> limit);

}  // namespace heapscribe::reports
