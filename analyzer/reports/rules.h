// Thresholds with their defaults, from rules.def.
#pragma once

#include <string>

namespace heapscribe::reports {

struct Rules {
#define RULE(name, value, help) double name = value;
#include "analyzer/rules.def"
#undef RULE
};

// Applies "NAME=VALUE". Throws std::runtime_error with one sentence for an unknown name or a value
// that is not a number.
void set_rule(Rules& rules, const std::string& assignment);

// The rules with their defaults, a line each.
std::string rules_help();

}  // namespace heapscribe::reports
