#include "preload/record/sampling.h"

#include <bit>

namespace heapscribe::record {
namespace {

constexpr double kLn2 = 0.693147180559945309417;

// 2^exponent for the range of normal numbers.
double power_of_two(int exponent) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

}  // namespace

// x = m * 2^e with m in [0.75, 1.5): ln x = ln m + e ln 2, and ln m = 2 artanh((m - 1) / (m + 1)).
double natural_logarithm(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double mantissa =
      std::bit_cast<double>((bits & 0xF'FFFF'FFFF'FFFFULL) | 0x3FF0'0000'0000'0000ULL);
  if (mantissa >= 1.5) {
    mantissa /= 2;
    ++exponent;
  }
  const double t = (mantissa - 1) / (mantissa + 1);
  double sum = 0;
  for (int power = 21; power >= 1; power -= 2) sum = sum * t * t + 1.0 / power;
  return 2 * t * sum + exponent * kLn2;
}

// exp(-x) = 2^-k * exp(-r) with r in [0, ln 2), by its series.
double exponential_of_minus(double x) {
  if (x > 700) return 0;
  const int halvings = static_cast<int>(x / kLn2);
  const double rest = x - halvings * kLn2;
  double sum = 1;
  for (int term = 16; term >= 1; --term) sum = 1 - rest / term * sum;
  return sum * power_of_two(-halvings);
}

std::uint64_t Random::next() {
  state_ ^= state_ >> 12;
  state_ ^= state_ << 25;
  state_ ^= state_ >> 27;
  return state_ * 0x2545'F491'4F6C'DD1DULL;
}

double Random::unit() {
  return (static_cast<double>(next() >> 11) + 1) * power_of_two(-53);
}

void Sampler::begin(std::uint64_t mean, std::uint64_t seed) {
  mean_ = static_cast<double>(mean);
  random_.seed(seed * 0x9E37'79B9'7F4A'7C15ULL);
  for (int i = 0; i < 8; ++i) random_.next();
  progress_ = 0;
  next_ = distance();
}

// Whole bytes, rounded down: a point at 0.4 lies in the first byte.
std::uint64_t Sampler::distance() {
  return static_cast<std::uint64_t>(-natural_logarithm(random_.unit()) * mean_);
}

std::uint64_t Sampler::take(std::size_t size) {
  pass(size);
  next_ = progress_ + distance();
  const double bytes = size == 0 ? 1 : static_cast<double>(size);
  const double weight = 1 / (1 - exponential_of_minus(bytes / mean_));
  const auto floor = static_cast<std::uint64_t>(weight);
  return floor + (random_.unit() <= weight - static_cast<double>(floor) ? 1 : 0);
}

}  // namespace heapscribe::record
