#include "analyzer/reports/health.h"

#include <algorithm>
#include <array>
#include <csignal>

#include "analyzer/model/selection.h"
#include "analyzer/reports/growth.h"
#include "analyzer/reports/leak_check.h"
#include "analyzer/reports/run_limits.h"

namespace heapscribe::reports {
namespace {

using model::CaptureReader;
using Value = std::optional<double>;

constexpr double kHour = 3600;

// A value for every line of rules.def: one that is forgotten does not compile.
struct Values {
#define RULE(name, value, help)
#define HEALTH(name, unit, warning, critical, what, advice) Value name;
#include "analyzer/rules.def"
#undef HEALTH
#undef RULE
};

double number(std::int64_t value) {
  return static_cast<double>(value);
}

// Somebody who ends a program sends one of these.
bool is_request(std::int64_t signal) {
  constexpr std::array<std::int64_t, 5> kRequests = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE};
  return std::find(kRequests.begin(), kRequests.end(), signal) != kRequests.end();
}

std::int64_t exceeded(const std::vector<RunLimit>& limits) {
  return std::count_if(limits.begin(), limits.end(),
                       [](const RunLimit& limit) { return limit.breach.has_value(); });
}

// What --budget asked for is no failure of the system's.
double failed_calls_of(const CaptureReader& reader, const std::vector<RunLimit>& limits) {
  std::int64_t failed = reader.totals().failed_calls.value;
  for (const RunLimit& limit : limits) failed -= limit.refused.value;
  return number(std::max<std::int64_t>(failed, 0));
}

double crashes_of(const CaptureReader& reader, const std::vector<RunLimit>& limits) {
  const bool was_asked_for = exceeded(limits) > 0 && limits.front().action == "abort" &&
                             reader.integer("end_status") == SIGABRT;
  if (was_asked_for) return 0;
  const bool by_signal = reader.text("end_kind") == "signaled";
  return by_signal && !is_request(reader.integer("end_status").value_or(0)) ? 1 : 0;
}

Value lost_bytes_of(CaptureReader& reader) {
  Suppressions suppressions;
  suppressions.add_built_in();
  const LeakCheck check = check_leaks(reader, classes_of("definite"), suppressions, 0);
  if (!check.complete) return std::nullopt;
  const auto bytes_of = [&](BlockClass block_class) {
    return check.classes[static_cast<std::size_t>(block_class)].bytes.value;
  };
  return number(bytes_of(BlockClass::Definite) + bytes_of(BlockClass::Indirect));
}

// Of few allocations a share says nothing.
Value temporary_share_of(const model::Totals& totals, const Rules& rules) {
  if (number(totals.allocations.value) < rules.temporary_calls) return 0;
  return model::share(totals.temporary, totals.allocations);
}

Value rounding_share_of(const CaptureReader& reader, const Rules& rules) {
  const model::Totals& totals = reader.totals();
  if (!reader.knows_rounding() || totals.usable_bytes.value == 0) return std::nullopt;
  const model::Bytes slack = totals.usable_bytes - totals.allocated_bytes;
  if (number(slack.value) < rules.slack_bytes) return 0;
  return model::share(slack, totals.usable_bytes);
}

Value growth_per_hour_of(const GrowthReport& growth) {
  if (growth.too_short) return std::nullopt;
  return growth.growth_per_second() * kHour;
}

Value memory_share_of(const GrowthReport& growth) {
  if (!growth.memory_limit) return std::nullopt;
  return model::share(growth.resident, *growth.memory_limit);
}

double lost_events_of(const CaptureReader& reader) {
  double events = 0;
  for (const model::Loss& loss : reader.losses()) events += number(loss.events.value);
  return events;
}

Values values_of(CaptureReader& reader, const Rules& rules) {
  const GrowthReport growth = find_growth(reader);
  const std::vector<RunLimit> limits = run_limits(reader.database());
  return {.crashes = crashes_of(reader, limits),
          .exceeded_budgets = number(exceeded(limits)),
          .failed_calls = failed_calls_of(reader, limits),
          .lost_bytes = lost_bytes_of(reader),
          .growth_per_hour = growth_per_hour_of(growth),
          .memory_share = memory_share_of(growth),
          .temporary_share = temporary_share_of(reader.totals(), rules),
          .rounding_share = rounding_share_of(reader, rules),
          .lost_events = lost_events_of(reader)};
}

Condition condition_of(const Reason& reason) {
  if (!reason.value) return Condition::Healthy;
  if (*reason.value >= reason.critical) return Condition::Critical;
  return *reason.value >= reason.warning ? Condition::Warning : Condition::Healthy;
}

}  // namespace

std::string_view name_of(Condition condition) {
  constexpr std::array<std::string_view, 3> kNames = {"healthy", "warning", "critical"};
  return kNames[static_cast<std::size_t>(condition)];
}

Health judge_health(CaptureReader& reader, const Rules& rules) {
  model::select_sites(reader, {});
  const Values values = values_of(reader, rules);
  Health health;
  health.reasons = {
#define RULE(name, value, help)
#define HEALTH(name, unit, warning, critical, what, advice)                                       \
  Reason{#name, HealthUnit::unit, values.name,       rules.name##_warning, rules.name##_critical, \
         what,  advice,           Condition::Healthy},
#include "analyzer/rules.def"
#undef HEALTH
#undef RULE
  };
  for (Reason& reason : health.reasons) {
    reason.condition = condition_of(reason);
    health.condition = std::max(health.condition, reason.condition);
  }
  std::stable_sort(health.reasons.begin(), health.reasons.end(),
                   [](const Reason& a, const Reason& b) { return a.condition > b.condition; });
  return health;
}

}  // namespace heapscribe::reports
