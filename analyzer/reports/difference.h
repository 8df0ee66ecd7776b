// Two states of a heap side by side, place by place: of one recording at two moments, or of two
// recordings.
//
// Places are matched by names: function and file of the frame to blame, or of every frame from
// there outwards. Addresses, line numbers, folders and what compilers append to names of clones do
// not count, so that a rebuild does not break it. Functions without a name are matched by their
// offset if both recordings have the same build of the module, else by the module alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/capture_reader.h"
#include "analyzer/model/moment.h"

namespace heapscribe::reports {

enum class Change { New, Grew, Shrank, Gone, Same };
std::string_view name_of(Change change);

enum class DifferenceBy { Live, Peak, Bytes, Allocations };
std::int64_t value_of(const model::Held& held, DifferenceBy by);

enum class MatchBy { Function, Stack };

struct DifferenceRow {
  Change change = Change::Same;
  model::Held before, after;
  model::SiteStack stack;  // of the largest site, of the later side if it has one
  model::Count sites;      // on the side with more

  std::int64_t delta(DifferenceBy by) const { return value_of(after, by) - value_of(before, by); }
};

struct Difference {
  DifferenceBy by = DifferenceBy::Live;
  std::string before, after;  // in words
  model::Held total_before, total_after;
  model::Count changed;             // rows that are not `same`
  std::vector<DifferenceRow> rows;  // largest change first; unchanged ones last
};

// One side. The reader must outlive what is made of it.
struct Side {
  model::CaptureReader* reader = nullptr;
  model::Moment moment;
  std::string words;
};

Difference find_difference(const Side& before, const Side& after, DifferenceBy by, MatchBy match);

// Paths of modules with the same build id in both, which have the same offsets.
std::vector<std::string> modules_in_common(model::CaptureReader& a, model::CaptureReader& b);

}  // namespace heapscribe::reports
