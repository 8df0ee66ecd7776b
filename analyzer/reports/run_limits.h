// Limits that the program was held to while it ran (run --budget), and what became of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::reports {

// The first call that would have passed the limit.
struct LimitBreach {
  model::Nanoseconds at;
  model::Bytes requested;
  std::int64_t value = 0;  // what the figure would have come to
  std::string kind;        // "malloc"; "" = the site is not known
  std::string function, file;
  std::int64_t line = 0;
};

struct RunLimit {
  std::string figure;  // "peak", "allocations", "bytes"
  std::string action;  // "log", "snapshot", "abort", "enomem"
  std::int64_t most = 0;
  model::Count refused;
  std::optional<LimitBreach> breach;

  bool counts_bytes() const { return figure != "allocations"; }
};

// Empty where there was none. For a recording that is just complete as well.
std::vector<RunLimit> run_limits(capture::Database& recording);

}  // namespace heapscribe::reports
