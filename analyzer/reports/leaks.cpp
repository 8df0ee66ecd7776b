#include "analyzer/reports/leaks.h"

namespace heapscribe::reports {

SitesReport find_leaks(model::CaptureReader& reader, std::optional<std::int64_t> limit) {
  return collect_sites(reader, {model::Measure::Live, SiteScope::WithMeasure, limit});
}

}  // namespace heapscribe::reports
