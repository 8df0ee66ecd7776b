// What hotspots, peak, temporary and leaks have in common: allocation sites by one measure.
// A site is a distinct call stack and call kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::reports {

struct SiteRow {
  model::SiteId id;
  std::string kind;  // malloc, new, ...
  model::Measures measures;
  model::Count frees;
  model::Bytes freed_bytes;
  model::Count peak_blocks;
  model::Count reallocations;
  model::Bytes usable_bytes;  // 0 = not known
  model::Bytes min_size;
  model::Bytes max_size;
  model::Nanoseconds first_seen;
  model::SiteStack stack;

  model::Bytes mean_size() const;
};

enum class SiteScope { All, WithMeasure };  // WithMeasure: only where the measure is above 0

struct SitesOptions {
  model::Measure by = model::Measure::Allocated;
  SiteScope scope = SiteScope::All;
  std::optional<std::int64_t> limit;  // none = all
};

struct SitesReport {
  model::Measure by = model::Measure::Allocated;
  model::Count sites;         // all that qualify, shown or not
  model::Measures sums;       // of these sites
  model::Measures run;        // of the whole run
  std::vector<SiteRow> rows;  // by measure, largest first
};

// model::select_sites() must have been called.
SitesReport collect_sites(model::CaptureReader& reader, const SitesOptions& options);

}  // namespace heapscribe::reports
