#include "analyzer/reports/peak.h"

namespace heapscribe::reports {

SitesReport find_peak_holders(model::CaptureReader& reader, std::optional<std::int64_t> limit) {
  return collect_sites(reader, {model::Measure::Peak, SiteScope::WithMeasure, limit});
}

}  // namespace heapscribe::reports
