#include "analyzer/reports/trend.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace heapscribe::reports {
namespace {

constexpr double kZ = 1.959964;  // 95 %, two-sided

// Equal values share the mean of their ranks.
std::vector<double> ranks_of(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double rank = static_cast<double>(begin + end - 1) / 2;
    for (std::size_t at = begin; at < end; ++at) ranks[order[at]] = rank;
    begin = end;
  }
  return ranks;
}

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// For lags 0 to `most`; all 0 for a constant series.
std::vector<double> autocorrelation(std::span<const double> values, std::size_t most) {
  const double mean = mean_of(values);
  std::vector<double> result(most + 1);
  for (std::size_t lag = 0; lag <= most && lag < values.size(); ++lag) {
    double sum = 0;
    for (std::size_t at = lag; at < values.size(); ++at) {
      sum += (values[at] - mean) * (values[at - lag] - mean);
    }
    result[lag] = sum;
  }
  const double variance = result[0];
  for (double& value : result) value = variance > 0 ? value / variance : 0;
  return result;
}

std::vector<double> without_trend(std::span<const double> values, double slope) {
  std::vector<double> rest(values.begin(), values.end());
  for (std::size_t at = 0; at < rest.size(); ++at) rest[at] -= slope * static_cast<double>(at);
  return rest;
}

double inflation_of(std::span<const double> rest) {
  const auto n = static_cast<double>(rest.size());
  const std::vector<double> rho = autocorrelation(ranks_of(rest), rest.size() / 3);
  const double significant = kZ / std::sqrt(n);
  double sum = 0;
  for (std::size_t lag = 1; lag < rho.size(); ++lag) {
    const double left = n - static_cast<double>(lag);
    if (std::abs(rho[lag]) > significant) sum += left * (left - 1) * (left - 2) * rho[lag];
  }
  return std::max(1.0, 1 + 2 * sum / (n * (n - 1) * (n - 2)));
}

double sign(double value) {
  return static_cast<double>(static_cast<int>(value > 0) - static_cast<int>(value < 0));
}

}  // namespace

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 != 0) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

Trend find_trend(std::span<const double> values) {
  constexpr std::size_t kFewest = 4;
  Trend trend;
  if (values.size() < kFewest) return trend;
  std::vector<double> slopes;
  slopes.reserve(values.size() * (values.size() - 1) / 2);
  double s = 0;
  for (std::size_t later = 1; later < values.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      const double rise = values[later] - values[earlier];
      slopes.push_back(rise / static_cast<double>(later - earlier));
      s += sign(rise);
    }
  }
  std::sort(slopes.begin(), slopes.end());
  trend.slope = median_of(slopes);
  trend.inflation = inflation_of(without_trend(values, trend.slope));
  const auto n = static_cast<double>(values.size());
  const double deviation = std::sqrt(n * (n - 1) * (2 * n + 5) / 18 * trend.inflation);
  const double pairs = static_cast<double>(slopes.size());
  const double last = pairs - 1;
  const double reach = kZ * deviation;
  trend.low = slopes[static_cast<std::size_t>(std::clamp((pairs - reach) / 2, 0.0, last))];
  trend.high = slopes[static_cast<std::size_t>(std::clamp((pairs + reach) / 2, 0.0, last))];
  const double z = std::max(std::abs(s) - 1, 0.0) / deviation;
  trend.confidence = std::erf(z / std::sqrt(2.0));
  return trend;
}

std::size_t thin_out(std::span<const double> values, std::size_t most, std::vector<double>& means) {
  means.clear();
  const std::size_t width = std::max<std::size_t>((values.size() + most - 1) / most, 1);
  const std::size_t rest = values.size() % width;
  for (std::size_t at = rest; at + width <= values.size(); at += width) {
    means.push_back(mean_of(values.subspan(at, width)));
  }
  return width;
}

Period find_period(std::span<const double> values) {
  constexpr std::size_t kFewest = 12;
  constexpr double kFirst = 0.5;
  constexpr double kSecond = 0.25;
  if (values.size() < kFewest) return {};
  const double slope = (values.back() - values.front()) / static_cast<double>(values.size() - 1);
  const std::vector<double> rest = without_trend(values, slope);
  const std::size_t most = rest.size() * 2 / 3;
  const std::vector<double> rho = autocorrelation(rest, most);
  std::size_t lag = 1;
  while (lag < most && rho[lag] > 0) ++lag;
  while (lag + 1 < most && !(rho[lag] >= kFirst && rho[lag] >= rho[lag + 1])) ++lag;
  if (lag * 3 > values.size() || rho[lag] < kFirst) return {};
  if (lag * 2 < rho.size() && rho[lag * 2] < kSecond) return {};
  return {static_cast<double>(lag), rho[lag]};
}

}  // namespace heapscribe::reports
