// Statistics of a series of equally spaced values. Sources:
//
//   Theil-Sen slope       the median of the slopes of all pairs; Sen, J. Am. Stat. Assoc. 63
//   (1968). its interval          the pair slopes of rank (N - C) / 2 and (N + C) / 2 of N, C = z
//   sqrt(Var S);
//                         Hollander & Wolfe, Nonparametric Statistical Methods, ch. 9.
//   Var S                 n (n-1) (2n+5) / 18, Kendall's S without trend.
//   autocorrelation       Var S times n/n* = 1 + 2/(n (n-1) (n-2)) sum_k (n-k)(n-k-1)(n-k-2) rho_k,
//                         rho_k of the ranks of what is left without the trend, where significant;
//                         Hamed & Rao, J. Hydrology 204 (1998).
//
// Neither needs a distribution, and single spikes do not move the median. What follows itself from
// one reading to the next, as memory does, counts as fewer readings.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace heapscribe::reports {

struct Trend {
  double slope = 0;  // per step
  double low = 0, high = 0;
  double confidence = 0;  // 1 - p that there is no trend, two-sided
  double inflation = 1;   // n/n*
  bool rises() const { return low > 0; }
};

// 95 % interval. Fewer than 4 values have no trend.
Trend find_trend(std::span<const double> values);

// At most `most` means of neighbouring values; what is left over at the beginning is dropped.
// Returns the values that a mean is of.
std::size_t thin_out(std::span<const double> values, std::size_t most, std::vector<double>& means);

// Of a series that repeats itself.
struct Period {
  double steps = 0;        // 0 = it does not
  double correlation = 0;  // with itself one period earlier
};

// The lag of the first peak of the autocorrelation after it has fallen below 0, if that peak is at
// least 0.5 and the one at twice the lag 0.25, and the series has three periods; Box & Jenkins,
// Time Series Analysis, ch. 2, with a linear trend taken off.
Period find_period(std::span<const double> values);

double median_of(std::vector<double> values);

}  // namespace heapscribe::reports
