// How large the requested blocks are, and what rounding them up costs.
#pragma once

#include <optional>
#include <vector>

#include "analyzer/reports/sites.h"

namespace heapscribe::reports {

struct SizeClass {
  model::Bytes lower;
  model::Bytes upper;
  model::Count allocations;
};

struct SizesReport {
  std::vector<SizeClass> histogram;  // ranges that double, smallest first
  std::vector<SizeClass> top;        // exact sizes (or narrow ranges) by calls, most first
  model::Count allocations;
  model::Bytes requested;
  model::Bytes usable;  // as the allocator rounded them up; 0 = not recorded
  model::Count sites_with_slack;
  std::vector<SiteRow> slack_sites;  // by usable - requested, largest first

  model::Bytes slack() const { return usable - requested; }
};

// No limit = all. model::select_sites() must have been called.
SizesReport collect_sizes(model::CaptureReader& reader, std::optional<std::int64_t> limit);

}  // namespace heapscribe::reports
