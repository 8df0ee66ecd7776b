// Blocks that were freed by their thread before it allocated again, by site.
#pragma once

#include "analyzer/reports/sites.h"

namespace heapscribe::reports {

SitesReport find_temporaries(model::CaptureReader& reader, std::optional<std::int64_t> limit);

}  // namespace heapscribe::reports
