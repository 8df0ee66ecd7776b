// A series as one line of bars.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace heapscribe::render {

// One character per value, scaled from 0 to `highest`; anything above 0 shows at least the lowest
// bar.
std::string sparkline(std::span<const std::int64_t> values, std::int64_t highest);

}  // namespace heapscribe::render
