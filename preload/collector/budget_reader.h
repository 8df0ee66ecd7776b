// Reads what became of the limits that the program is held to (wire/budget.h). The collector's main
// thread owns the reader.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "preload/capture/capture_writer.h"
#include "preload/collector/counter_reader.h"
#include "preload/collector/session_view.h"

namespace heapscribe::collector {

class BudgetReader {
 public:
  BudgetReader(const SessionView& view, CounterReader& reader) : view_(view), reader_(reader) {}

  // Every limit there is, as it stands.
  std::vector<capture::BudgetRow> limits(Patience patience) const;
  // Those that were passed since the last call.
  std::vector<capture::BudgetRow> newly_passed();

 private:
  std::optional<capture::BudgetRow> limit(std::size_t figure, Patience patience) const;

  const SessionView& view_;
  CounterReader& reader_;
  std::array<bool, wire::kBudgetFigures> told_{};
};

}  // namespace heapscribe::collector
