// Whether a program's heap is in order, by the thresholds of rules.def.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/capture_reader.h"
#include "analyzer/reports/rules.h"

namespace heapscribe::reports {

enum class Condition { Healthy, Warning, Critical };
std::string_view name_of(Condition condition);

enum class HealthUnit { Count, Bytes, Share };

struct Reason {
  std::string_view name;
  HealthUnit unit = HealthUnit::Count;
  std::optional<double> value;  // nothing = the recording does not tell
  double warning = 0, critical = 0;
  std::string_view what, advice;  // as in rules.def
  Condition condition = Condition::Healthy;
};

struct Health {
  Condition condition = Condition::Healthy;  // the worst of the reasons
  std::vector<Reason> reasons;               // worst first, else as in rules.def
};

// Selects all sites.
Health judge_health(model::CaptureReader& reader, const Rules& rules);

}  // namespace heapscribe::reports
