// Who releases what whom allocated: pairs of places, for recordings made with --free-stacks.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::reports {

enum class PairBy { Functions, Stacks };  // what makes two pairs the same

struct ReleasePair {
  const model::Frame* allocated = nullptr;  // the frames to blame; never nullptr in a report
  const model::Frame* released = nullptr;
  model::Count sites;  // allocation sites in it
  model::Count frees;
  model::Bytes bytes;
  // Of the pair's largest part.
  model::SiteId site;
  model::SiteStack allocating_stack;
  model::SiteStack releasing_stack;
};

struct ReleasesReport {
  bool recorded = false;  // the recording was asked for it
  bool by_count = false;  // ordered by frees instead of by bytes
  PairBy pair_by = PairBy::Functions;
  model::Count pairs;  // all, shown or not
  model::Count frees;  // of the selected sites, wherever they happened
  model::Bytes bytes;
  model::Count known_frees;  // those in pairs
  model::Bytes known_bytes;
  model::Bytes bytes_at_home;  // released by the function that allocated them
  std::vector<ReleasePair> rows;
};

// model::select_sites() must have been called. No limit = all.
// It was asked for them.
bool has_releases(const model::CaptureReader& reader);

ReleasesReport find_releases(model::CaptureReader& reader, PairBy pair_by, bool by_count,
                             std::optional<std::int64_t> limit);

}  // namespace heapscribe::reports
