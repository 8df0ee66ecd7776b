// Requests at an even pace for a given time, for the samples that serve.
#pragma once

#include <chrono>
#include <cstdlib>
#include <thread>

namespace samples {

// The first argument in seconds; ten without one.
inline double seconds_from(int argc, char** argv) {
  constexpr double kUsual = 10;
  const double given = argc > 1 ? std::atof(argv[1]) : kUsual;
  return given > 0 ? given : kUsual;
}

// Calls `handle` with the number of the request, `per_second` times a second. A machine that is too
// busy gets the requests that it missed later, all at once.
template <typename Handle>
int serve(double seconds, int per_second, const Handle& handle) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const int requests = static_cast<int>(seconds * per_second);
  for (int number = 0; number < requests; ++number) {
    std::this_thread::sleep_until(start +
                                  number * std::chrono::microseconds(1'000'000 / per_second));
    handle(number);
  }
  return requests;
}

// Reproducible, and spread well enough for samples.
inline unsigned scattered(unsigned number) {
  number = number * 2654435761U + 12345U;
  return (number ^ (number >> 15)) * 2246822519U >> 8;
}

}  // namespace samples
