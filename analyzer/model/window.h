// A part of a run: what was allocated between two moments, and what was held at its end.
#pragma once

#include "analyzer/model/moment.h"

namespace heapscribe::model {

struct Window {
  Moment from, to;

  bool operator==(const Window&) const = default;
  std::string in_words() const;
};

// Throws std::runtime_error with one sentence for moments that the recording does not know, that
// are not in order, or of which it is not known what was allocated until then. "" = the start, the
// end. The times as in find_moment.
struct MomentName {
  std::string name;
  std::optional<std::int64_t> time;
};
Window find_window(CaptureReader& reader, const MomentName& from, const MomentName& to);

// Makes temp.window_site, which view selected_site reads: what every site allocated and freed
// within, held at the end, and held when all of them held most.
void select_window(CaptureReader& reader, const Window& window);

}  // namespace heapscribe::model
