// Spans of time as people write them: 250ms, 1.5s, 2min, 1h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace heapscribe::cli {

// In nanoseconds; nothing unless it is a number with a unit.
std::optional<std::int64_t> parse_duration(std::string_view text);

}  // namespace heapscribe::cli
