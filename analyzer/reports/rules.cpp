#include "analyzer/reports/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace heapscribe::reports {
namespace {

struct Rule {
  std::string_view name;
  double Rules::*value;
  std::string_view help;
  RuleGroup group;
};

constexpr std::array kRules = {
#define RULE(name, value, help) Rule{#name, &Rules::name, help, RuleGroup::Findings},
#define HEALTH(name, unit, warning, critical, what, advice)                                 \
  Rule{#name "_warning", &Rules::name##_warning, "warning from: " what, RuleGroup::Health}, \
      Rule{#name "_critical", &Rules::name##_critical, "critical from", RuleGroup::Health},
#include "analyzer/rules.def"
#undef HEALTH
#undef RULE
};

constexpr double kKi = 1024;
constexpr std::array<std::pair<std::string_view, double>, 5> kUnits = {
    {{"", 1}, {"B", 1}, {"KiB", kKi}, {"MiB", kKi* kKi}, {"GiB", kKi* kKi* kKi}}};

std::string known_names() {
  std::string names;
  for (const Rule& rule : kRules) names += (names.empty() ? "" : ", ") + std::string(rule.name);
  return names;
}

// "0.3", "100MiB"
double number(const std::string& assignment, const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                 [&](const auto& known) { return known.first == end; });
  if (end == text.c_str() || unit == kUnits.end() || !std::isfinite(value)) {
    throw std::runtime_error("rule '" + assignment + "': '" + text + "' is not a number");
  }
  return value * unit->second;
}

}  // namespace

void set_rule(Rules& rules, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos) {
    throw std::runtime_error("rule '" + assignment + "' is not of the form NAME=VALUE");
  }
  const std::string name = assignment.substr(0, equals);
  for (const Rule& rule : kRules) {
    if (rule.name != name) continue;
    rules.*rule.value = number(assignment, assignment.substr(equals + 1));
    return;
  }
  throw std::runtime_error("there is no rule '" + name + "'; the rules are " + known_names());
}

std::string rules_help(RuleGroup group) {
  const Rules defaults;
  std::string text = "Rules, with their defaults (shares are fractions, 0.1 = 10 %):";
  for (const Rule& rule : kRules) {
    if (rule.group != group) continue;
    text += fmt::format("\n  {:<36}{}", fmt::format("{}={}", rule.name, defaults.*rule.value),
                        rule.help);
  }
  return text;
}

}  // namespace heapscribe::reports
