// A sign of life on the terminal while symbols are looked up.
#pragma once

#include <chrono>
#include <cstddef>

namespace heapscribe::cli {

// A line on stderr that appears when the work has taken a second and goes with the object. Nothing
// happens when stderr is not a terminal.
class SymbolProgress {
 public:
  SymbolProgress();
  ~SymbolProgress();
  SymbolProgress(const SymbolProgress&) = delete;
  SymbolProgress& operator=(const SymbolProgress&) = delete;

  void show(std::size_t done, std::size_t total);

 private:
  using Clock = std::chrono::steady_clock;
  bool terminal_;
  bool visible_ = false;
  Clock::time_point next_;
};

}  // namespace heapscribe::cli
