#include "preload/collector/budget_reader.h"

#include <iterator>

#include "preload/collector/tick_scale.h"

namespace heapscribe::collector {
namespace {

bool has_breach(const wire::BudgetLimit& limit) {
  return limit.breach.state.load(std::memory_order_acquire) == wire::BreachState::Noted;
}

std::string_view name_of(wire::BudgetAction action) {
  const auto index = static_cast<std::size_t>(action);
  return wire::kBudgetActionNames[index < std::size(wire::kBudgetActionNames) ? index : 0];
}

}  // namespace

std::optional<capture::BudgetRow> BudgetReader::limit(std::size_t figure, Patience patience) const {
  const wire::Budget& budget = view_.header().budget;
  const wire::BudgetLimit& limit = budget.limits[figure];
  if (limit.limit == 0) return std::nullopt;
  capture::BudgetRow row{.figure = wire::kBudgetFigureNames[figure],
                         .action = name_of(budget.action),
                         .most = limit.limit,
                         .refused = limit.refused.load(std::memory_order_relaxed)};
  const wire::Breach& breach = limit.breach;
  if (has_breach(limit)) {
    row.breach = {.ns = session_time_of(breach.ticks, breach.ns, view_.header()),
                  .requested = breach.requested,
                  .value = breach.value,
                  .site = reader_.site_of(breach.site, patience).value_or(0),
                  .thread = breach.thread};
  }
  return row;
}

std::vector<capture::BudgetRow> BudgetReader::limits(Patience patience) const {
  std::vector<capture::BudgetRow> rows;
  for (std::size_t figure = 0; figure < wire::kBudgetFigures; ++figure) {
    if (const auto row = limit(figure, patience)) rows.push_back(*row);
  }
  return rows;
}

std::vector<capture::BudgetRow> BudgetReader::newly_passed() {
  std::vector<capture::BudgetRow> fresh;
  for (std::size_t figure = 0; figure < wire::kBudgetFigures; ++figure) {
    if (told_[figure] || !has_breach(view_.header().budget.limits[figure])) continue;
    told_[figure] = true;
    if (const auto row = limit(figure, Patience::Left)) fresh.push_back(*row);
  }
  return fresh;
}

}  // namespace heapscribe::collector
