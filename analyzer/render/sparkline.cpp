#include "analyzer/render/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace heapscribe::render {

std::string sparkline(std::span<const std::int64_t> values, std::int64_t highest) {
  constexpr std::array kBars = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr double kSteps = 8;
  std::string line;
  for (const std::int64_t value : values) {
    const double part = highest > 0 ? static_cast<double>(value) / static_cast<double>(highest) : 0;
    const double step = std::clamp(std::ceil(part * kSteps), 0.0, kSteps);
    line += kBars[static_cast<std::size_t>(step)];
  }
  return line;
}

}  // namespace heapscribe::render
