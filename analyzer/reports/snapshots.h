// The snapshots of a recording: moments whose live heap is known site by site.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::reports {

struct SnapshotRow {
  std::int64_t id = 0;
  std::string label;
  std::string cause;  // as in schema.sql
  model::Nanoseconds at;
  model::Count live_blocks;
  model::Bytes live_bytes;
  std::optional<model::Count> allocations;  // so far; not known of the peak
  model::Count sites;                       // that held a block
  model::Bytes resident;                    // 0 = not known
  model::Nanoseconds pause, reading;
};

struct MarkerRow {
  std::string name;
  model::Nanoseconds at;
};

struct SnapshotsReport {
  std::vector<SnapshotRow> rows;            // in the order of time
  std::vector<MarkerRow> markers;           // of the program; the last of each name, likewise
  std::optional<model::Nanoseconds> every;  // distance of periodic ones, as it became
  model::Count thinned;                     // periodic ones that were given up
};

SnapshotsReport list_snapshots(model::CaptureReader& reader);

}  // namespace heapscribe::reports
