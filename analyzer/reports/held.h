// What every site held at a moment of the run, and how old it was (model/block_ages.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/block_ages.h"
#include "analyzer/model/capture_reader.h"
#include "analyzer/model/moment.h"

namespace heapscribe::reports {

struct HeldRow {
  model::SiteId site;
  std::string kind;
  model::Held held;
  model::Ages ages;
  model::SiteStack stack;
};

struct HeldReport {
  model::Moment moment;
  model::Held sum;            // of all sites
  std::vector<HeldRow> rows;  // most bytes first
  std::size_t sites = 0;      // that held something
};

// model::select_sites() must have been called. No limit = all.
HeldReport find_held(model::CaptureReader& reader, const model::Moment& moment,
                     std::optional<std::int64_t> limit);

}  // namespace heapscribe::reports
