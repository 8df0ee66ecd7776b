// Limits without a history, in a file:
//
//   peak = "64 MiB"          before the first table: of the whole run
//   leaks = 0
//   temporary = "25%"        share of the allocations
//
//   [parser]                 a budget of its own for a part of the run
//   function = "^Parser::"   as --function, --module, --thread, --section, --from
//   allocations = 500
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/reports/usage.h"

namespace heapscribe::reports {

struct Limit {
  Figure figure = Figure::Allocations;
  double value = 0;  // of temporary allocations a share, 0..1
  std::int64_t line = 0;
};

struct Budget {
  std::string name;  // "" = of the whole run
  Scope scope;
  std::vector<Limit> limits;
};

struct LimitCheck {
  std::string budget;
  Figure figure = Figure::Allocations;
  double now = 0, limit = 0;
  std::int64_t line = 0;
  model::SiteStack largest;  // where most of it comes from

  bool is_kept() const { return now <= limit; }
};

// Throws std::runtime_error with one sentence that names the line.
std::vector<Budget> read_budgets(const std::string& path);
// `usage` is of the budget's scope. Throws std::runtime_error where a figure is not known of it.
std::vector<LimitCheck> check_budget(const Budget& budget, const Usage& usage);

}  // namespace heapscribe::reports
