// The run on one page.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/reports/findings.h"
#include "analyzer/reports/leak_check.h"
#include "analyzer/reports/run_limits.h"
#include "analyzer/reports/timeline.h"
#include "preload/wire/census.h"

namespace heapscribe::reports {

// How the program ended; `kind` and `status` as in table `recording`.
struct ProgramEnd {
  std::string kind;
  std::optional<std::int64_t> status;  // exit status or signal number
  std::string text;                    // "exited with status 0", "killed by signal 9 (SIGKILL)"
};

struct KindRow {
  std::string kind;
  model::Count allocations;
  model::Bytes bytes;
};

struct Summary {
  std::string program;
  std::string command_line;  // shell words
  std::string mode;
  std::string unwinder;
  std::optional<std::int64_t> pid;
  model::RecordingState state = model::RecordingState::Complete;
  ProgramEnd end;
  model::Totals totals;
  model::Count sites;
  std::vector<KindRow> kinds;
  std::vector<model::Loss> losses;
  std::vector<RunLimit> limits;
  std::vector<Finding> findings;
  std::vector<TimelineStep> timeline;
  bool has_leak_check = false;
  std::string leak_check;  // "complete", or why there is none
  CheckMoment leak_check_moment;
  std::array<model::Measures, wire::kBlockClasses> classes;  // live blocks and bytes of each
};

inline constexpr std::size_t kTimelineSteps = 60;

ProgramEnd program_end(const model::CaptureReader& reader);

Summary summarize(model::CaptureReader& reader, const Rules& rules);

}  // namespace heapscribe::reports
