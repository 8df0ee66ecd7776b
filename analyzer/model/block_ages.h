// How old a site's live blocks are.
//
// When a block was made is not recorded. A site's series gives two bounds of the mean age of what
// it has alive: if it always released its youngest blocks first (the mean over time of the least
// number that was alive ever since), and if it always released the oldest first (what is alive was
// made last). Where nothing was ever released both are the truth.
#pragma once

#include <cstdint>
#include <span>

#include "analyzer/model/site_series.h"
#include "analyzer/model/units.h"

namespace heapscribe::model {

struct Ages {
  double youngest = 0, oldest = 0;  // bounds of the mean of all blocks, in seconds
  bool grows = false;  // most were made in the second half of the site's life, and none has gone
  double quiet = 0;    // since when the site has allocated nothing, in seconds

  double mean() const { return (youngest + oldest) / 2; }
};

// At a moment of the run; `first_ns` is when the site was first met.
Ages ages_at(Nanoseconds moment, std::span<const SitePoint> points, std::int64_t first_ns);

}  // namespace heapscribe::model
