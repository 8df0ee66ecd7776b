#include "analyzer/reports/hotspots.h"

namespace heapscribe::reports {

SitesReport find_hotspots(model::CaptureReader& reader, model::Measure by,
                          std::optional<std::int64_t> limit) {
  return collect_sites(reader, {by, SiteScope::All, limit});
}

}  // namespace heapscribe::reports
