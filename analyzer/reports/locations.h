// Sites added up by the place to blame (function and line): what the findings of a summary are
// looked for in. One pass over the sites, no names.
#pragma once

#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::reports {

struct Location {
  model::AddressId address;  // none = the stack was not recorded
  std::int64_t depth = 0;
  model::Count sites;
  model::Measures measures;
  model::Count peak_blocks;
  model::Count reallocations;
  model::Bytes usable_bytes;
};

std::vector<Location> find_locations(model::CaptureReader& reader);

const model::Frame& frame_of(model::CaptureReader& reader, const Location& location);

}  // namespace heapscribe::reports
