#include "analyzer/render/format.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace heapscribe::render {

std::string format_count(std::int64_t count) {
  std::string digits = fmt::format("{}", count);
  const std::size_t first = count < 0 ? 1 : 0;
  for (std::size_t place = digits.size(); place > first + 3;) {
    place -= 3;
    digits.insert(place, 1, ',');
  }
  return digits;
}

std::string format_bytes(std::int64_t bytes) {
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (std::abs(static_cast<double>(bytes)) < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (std::abs(value) >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string format_exact_bytes(std::int64_t bytes) {
  if (std::abs(static_cast<double>(bytes)) < 1024) return format_bytes(bytes);
  return fmt::format("{} ({} bytes)", format_bytes(bytes), format_count(bytes));
}

std::string format_share(double share) {
  const double percent = share * 100;
  if (percent == 0) return "0 %";
  if (percent == 100) return "100 %";
  if (std::abs(percent) < 0.05) return "<0.1 %";
  if (percent >= 99.95 && percent < 100) return ">99.9 %";
  return fmt::format("{:.1f} %", percent);
}

std::string format_duration(std::int64_t nanoseconds) {
  const double seconds = static_cast<double>(nanoseconds) / 1e9;
  if (nanoseconds == 0) return "0 s";
  if (seconds < 1e-3) return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.1f} ms", seconds * 1e3);
  if (seconds < 120) return fmt::format("{:.2f} s", seconds);
  const auto whole = std::llround(seconds);
  if (whole < 7200) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

std::string format_moment(std::int64_t nanoseconds) {
  return nanoseconds == 0 ? "in the first 10 ms" : "after " + format_duration(nanoseconds);
}

std::string format_seconds(double seconds) {
  return format_duration(static_cast<std::int64_t>(seconds * 1e9));
}

std::string format_plural(std::int64_t count, const std::string& singular) {
  return fmt::format("{} {}{}", format_count(count), singular, count == 1 ? "" : "s");
}

}  // namespace heapscribe::render
