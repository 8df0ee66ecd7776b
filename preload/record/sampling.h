// Which allocations are recorded in Mode::Sample, and what each of them stands for.
//
// Sample points lie on the stream of allocated bytes as a Poisson process: their distances are
// exponentially distributed with a given mean. A block with at least one point in it is recorded.
// For a block of s bytes that happens with probability p(s) = 1 - exp(-s / mean), so a recorded
// block stands for 1 / p(s) blocks: the Horvitz-Thompson estimator (JASA 47, 1952), unbiased for
// every sum over blocks. The process has no memory, so after a recorded block it begins anew.
//
// The weight is rounded to one of its two neighbours by chance, so that its mean stays 1 / p and
// all counters are whole numbers. An estimate of the variance of a sum of w * x is then the sum of
// (w^2 - w) * x^2 over the recorded blocks, which is 0 where every block is recorded.
#pragma once

#include <cstdint>

namespace heapscribe::record {

// ln(x) for x > 0 and exp(-x) for x >= 0, to 12 digits: the library has no libm.
double natural_logarithm(double x);
double exponential_of_minus(double x);

// xorshift64* (Vigna, ACM TOMS 42, 2016): fast, and good enough for choosing samples.
class Random {
 public:
  void seed(std::uint64_t value) { state_ = value | 1; }
  std::uint64_t next();
  double unit();  // in (0, 1]

 private:
  std::uint64_t state_;
};

class Sampler {
 public:
  // `mean`: bytes, at least 1.
  void begin(std::uint64_t mean, std::uint64_t seed);

  // True if a block of `size` bytes would contain a sample point. Blocks of 0 bytes count as 1.
  bool is_due(std::size_t size) const { return progress_ + size + (size == 0) > next_; }
  // A block went by without one.
  void pass(std::size_t size) { progress_ += size + (size == 0); }
  // A block with one was recorded: how many blocks of its size it stands for.
  std::uint64_t take(std::size_t size);

 private:
  std::uint64_t distance();

  std::uint64_t progress_;  // bytes
  std::uint64_t next_;      // the next sample point
  double mean_;
  Random random_;
};

}  // namespace heapscribe::record
