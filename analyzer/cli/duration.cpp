#include "analyzer/cli/duration.h"

#include <charconv>
#include <cmath>
#include <string>

namespace heapscribe::cli {
namespace {

struct TimeUnit {
  std::string_view name;
  double nanoseconds;
};

constexpr TimeUnit kUnits[] = {{"ns", 1},   {"us", 1e3},   {"ms", 1e6},   {"s", 1e9},
                               {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
constexpr double kLongest = 9e18;

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (error != std::errc{} || value < 0) return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  for (const TimeUnit& known : kUnits) {
    if (unit != known.name) continue;
    const double nanoseconds = value * known.nanoseconds;
    if (!(nanoseconds < kLongest)) return std::nullopt;
    return std::llround(nanoseconds);
  }
  return std::nullopt;
}

}  // namespace heapscribe::cli
