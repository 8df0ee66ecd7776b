// Bytes, counts and times as types, and the six measures that every place in the program has.
#pragma once

#include <array>
#include <cmath>
#include <compare>
#include <cstdint>
#include <string_view>

namespace heapscribe::model {

template <typename Tag>
struct Quantity {
  std::int64_t value = 0;

  auto operator<=>(const Quantity&) const = default;
  Quantity& operator+=(Quantity other) {
    value += other.value;
    return *this;
  }
  friend Quantity operator+(Quantity a, Quantity b) { return {a.value + b.value}; }
  friend Quantity operator-(Quantity a, Quantity b) { return {a.value - b.value}; }
};

using Bytes = Quantity<struct BytesTag>;
using Count = Quantity<struct CountTag>;
using Nanoseconds = Quantity<struct NanosecondsTag>;

// part / whole, 0 when there is no whole.
template <typename Tag>
double share(Quantity<Tag> part, Quantity<Tag> whole) {
  return whole.value == 0 ? 0.0
                          : static_cast<double>(part.value) / static_cast<double>(whole.value);
}

// Of estimates, in blocks^2 and bytes^2; 0 where everything was recorded.
struct Variances {
  double allocations = 0;
  double bytes = 0;
  double live_blocks = 0;
  double live_bytes = 0;

  Variances& operator+=(const Variances& other) {
    allocations += other.allocations;
    bytes += other.bytes;
    live_blocks += other.live_blocks;
    live_bytes += other.live_bytes;
    return *this;
  }
};

// Upper end of the 95 % interval of a Poisson count (Wilson and Hilferty's form, to a hundredth).
inline double poisson_upper(double count) {
  const double next = count + 1;
  const double root = 1 - 1 / (9 * next) + 1.96 / (3 * std::sqrt(next));
  return next * root * root * root;
}

// How far the truth is from an estimate in at most 5 of 100 recordings; 0 = not at all. The
// variance tells how many samples the estimate is worth; they are a Poisson count, whose interval
// reaches further up than down, and the wider side is given. With many samples that is 1.96
// deviations.
inline std::int64_t error_of(std::int64_t estimate, double variance) {
  if (variance <= 0 || estimate <= 0) return 0;
  const double per_sample = variance / static_cast<double>(estimate);
  const double samples = static_cast<double>(estimate) / per_sample;
  return std::llround(per_sample * (poisson_upper(samples) - samples));
}

struct Measures {
  Count allocations;
  Bytes bytes;
  Count live_blocks;
  Bytes live_bytes;
  Bytes peak_bytes;  // held at the high-water mark of the process
  Count temporary;
  Variances variances{};  // independent sites: variances add up

  Measures& operator+=(const Measures& other) {
    allocations += other.allocations;
    bytes += other.bytes;
    live_blocks += other.live_blocks;
    live_bytes += other.live_bytes;
    peak_bytes += other.peak_bytes;
    temporary += other.temporary;
    variances += other.variances;
    return *this;
  }
};

struct Errors {
  std::int64_t allocations, bytes, live_blocks, live_bytes;
};

// No sample alive does not mean no block alive: as many may have passed by as the others stand for.
inline Errors errors_of(const Measures& m) {
  const auto unseen = [](std::int64_t estimate, double variance) {
    return estimate <= 0
               ? 0
               : std::llround(poisson_upper(0) * variance / static_cast<double>(estimate));
  };
  const Variances& v = m.variances;
  Errors errors{error_of(m.allocations.value, v.allocations), error_of(m.bytes.value, v.bytes),
                error_of(m.live_blocks.value, v.live_blocks),
                error_of(m.live_bytes.value, v.live_bytes)};
  if (m.live_blocks.value <= 0) {
    errors.live_blocks = unseen(m.allocations.value, v.allocations);
    errors.live_bytes = unseen(m.bytes.value, v.bytes);
  }
  return errors;
}

// What rows are ordered by. The numbers are used in queries/*.sql.
enum class Measure { Allocated = 0, Calls = 1, Live = 2, Peak = 3, Temporary = 4, Slack = 5 };
inline constexpr std::array<std::string_view, 6> kMeasureNames = {"bytes", "allocations", "live",
                                                                  "peak",  "temporary",   "slack"};

constexpr std::string_view name_of(Measure measure) {
  return kMeasureNames[static_cast<std::size_t>(measure)];
}

constexpr bool counts_bytes(Measure measure) {
  return measure != Measure::Calls && measure != Measure::Temporary;
}

constexpr std::int64_t value_of(const Measures& measures, Measure measure) {
  switch (measure) {
    case Measure::Allocated:
      return measures.bytes.value;
    case Measure::Calls:
      return measures.allocations.value;
    case Measure::Live:
      return measures.live_bytes.value;
    case Measure::Peak:
      return measures.peak_bytes.value;
    case Measure::Temporary:
      return measures.temporary.value;
    case Measure::Slack:
      return 0;  // only sites know it
  }
  return 0;
}

}  // namespace heapscribe::model
