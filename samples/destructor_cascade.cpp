// Caches that are thrown away as a whole: every entry is released one by one, while everybody
// waits.
//
// To be found by `pauses`: a release storm for each round, in drop_cache, of 2 blocks for each
// entry (100,000 entries unless told otherwise), as long as the program says itself.
//
//   destructor_cascade [ROUNDS [ENTRIES]]
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>

namespace {

struct Answer {
  char text[100];
};
using Cache = std::map<int, std::unique_ptr<Answer>>;

double milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

void fill_cache(Cache& cache, int entries) {
  for (int i = 0; i < entries; ++i) {
    const int key = static_cast<int>(i * 2654435761U % 1000003);
    cache[key] = std::make_unique<Answer>();
  }
}

void drop_cache(Cache& cache) {
  cache.clear();
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const int entries = argc > 2 ? std::atoi(argv[2]) : 100'000;
  for (int round = 0; round < rounds; ++round) {
    Cache cache;
    fill_cache(cache, entries);
    const auto blocks = 2 * cache.size();
    const double begin = milliseconds();
    drop_cache(cache);
    std::printf("dropped %zu blocks in %.3f ms\n", blocks, milliseconds() - begin);
  }
  return 0;
}
