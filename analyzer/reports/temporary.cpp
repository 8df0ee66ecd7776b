#include "analyzer/reports/temporary.h"

namespace heapscribe::reports {

SitesReport find_temporaries(model::CaptureReader& reader, std::optional<std::int64_t> limit) {
  return collect_sites(reader, {model::Measure::Temporary, SiteScope::WithMeasure, limit});
}

}  // namespace heapscribe::reports
