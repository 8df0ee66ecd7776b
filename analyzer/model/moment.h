// A moment of a recording, and what every site held then.
//
// Moments are named by the label or number of a snapshot, by a time since the start (12s; from the
// series of the sites, in its steps), or by one of: start (nothing was held), peak, exit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "analyzer/model/capture_reader.h"
#include "analyzer/model/ids.h"

namespace heapscribe::model {

enum class MomentKind { Start, Snapshot, Time, Peak, Exit };

struct Moment {
  MomentKind kind = MomentKind::Exit;
  std::int64_t snapshot = 0;  // for Snapshot
  Nanoseconds at;
  std::string words;  // "snapshot 3 'loaded' at 2.1 s"
  int namesakes = 0;  // other snapshots with its label, all earlier

  bool operator==(const Moment&) const = default;
};

struct Held {
  Bytes live_bytes;
  Count live_blocks;
  Bytes peak_bytes;  // at the exit only
  Bytes bytes;       // allocated so far; 0 where that is not known, see knows_bytes
  Count allocations;

  Held& operator+=(const Held& other) {
    live_bytes += other.live_bytes;
    live_blocks += other.live_blocks;
    peak_bytes += other.peak_bytes;
    bytes += other.bytes;
    allocations += other.allocations;
    return *this;
  }
};

// `time` is what a word like "12s" means, if it is one. Throws std::runtime_error with one sentence
// for a moment that the recording does not know.
Moment find_moment(CaptureReader& reader, const std::string& name,
                   std::optional<std::int64_t> time);

// Recordings of older versions know no markers.
bool has_markers(CaptureReader& reader);

// Whether what was allocated up to then is known, and not only how often.
bool knows_bytes(CaptureReader& reader, const Moment& moment);

std::unordered_map<SiteId, Held> held_at(CaptureReader& reader, const Moment& moment);

}  // namespace heapscribe::model
