// Thresholds with their defaults, from rules.def.
#pragma once

#include <string>

namespace heapscribe::reports {

struct Rules {
#define RULE(name, value, help) double name = value;
#define HEALTH(name, unit, warning, critical, what, advice) \
  double name##_warning = warning;                          \
  double name##_critical = critical;
#include "analyzer/rules.def"
#undef HEALTH
#undef RULE
};

// Applies "NAME=VALUE". Throws std::runtime_error with one sentence for an unknown name or a value
// that is not a number.
void set_rule(Rules& rules, const std::string& assignment);

enum class RuleGroup { Findings, Health };
// The rules of a group with their defaults, a line each.
std::string rules_help(RuleGroup group);

}  // namespace heapscribe::reports
