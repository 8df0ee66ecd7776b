#include "analyzer/reports/run_limits.h"

#include "analyzer/queries/queries.h"

namespace heapscribe::reports {

std::vector<RunLimit> run_limits(capture::Database& recording) {
  std::vector<RunLimit> limits;
  // Older recordings know of none.
  if (recording.integer("SELECT count(*) FROM sqlite_master WHERE name = 'budget'") == 0) {
    return limits;
  }
  auto rows = recording.prepare(queries::run_limits);
  while (rows.step()) {
    RunLimit limit{.figure = rows.text(0),
                   .action = rows.text(1),
                   .most = rows.integer(2),
                   .refused = {rows.integer(3)},
                   .breach = {}};
    if (!rows.is_null(4)) {
      limit.breach = LimitBreach{.at = {rows.integer(4)},
                                 .requested = {rows.integer(5)},
                                 .value = rows.integer(6),
                                 .kind = rows.text(7),
                                 .function = rows.text(8),
                                 .file = rows.text(9),
                                 .line = rows.integer(10)};
    }
    limits.push_back(std::move(limit));
  }
  return limits;
}

}  // namespace heapscribe::reports
