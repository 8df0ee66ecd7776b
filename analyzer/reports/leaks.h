// Blocks alive at the end, by site. Whether the program could still reach them is not known
// here: alive at the end is not necessarily a leak.
#pragma once

#include "analyzer/reports/sites.h"

namespace heapscribe::reports {

SitesReport find_leaks(model::CaptureReader& reader, std::optional<std::int64_t> limit);

}  // namespace heapscribe::reports
