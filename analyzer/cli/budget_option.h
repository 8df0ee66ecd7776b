// Limits for a program while it runs: --budget and --budget-action.
#pragma once

#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "preload/wire/budget.h"

namespace heapscribe::cli {

// Lives as long as the command it was added to.
struct BudgetOption {
  std::vector<std::string> given;  // "100MiB", "peak=100MiB", "allocations=1000"
  std::string action = "log";

  void add_to(CLI::App& command);
  bool empty() const { return given.empty(); }
  // Throws std::runtime_error with one sentence for what is no limit, or named twice.
  void apply_to(wire::Budget& budget) const;
};

}  // namespace heapscribe::cli
