// Buffers so large that each comes straight from the kernel and goes back to it: the release of
// touched memory is what takes long.
//
// To be found by `pauses`: stalls in release_buffer, one for each round, as long as the program
// says itself, and no release storm.
//
//   mmap_stalls [ROUNDS [MEBIBYTES]]
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

double milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

char* take_buffer(std::size_t bytes) {
  return static_cast<char*>(std::malloc(bytes));
}

void touch(char* buffer, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += 4096) buffer[at] = 1;
}

void release_buffer(char* buffer) {
  std::free(buffer);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  const std::size_t bytes = (argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 64) << 20;
  for (int round = 0; round < rounds; ++round) {
    double begin = milliseconds();
    char* buffer = take_buffer(bytes);
    const double taken = milliseconds() - begin;
    if (buffer == nullptr) return 1;
    touch(buffer, bytes);
    begin = milliseconds();
    release_buffer(buffer);
    std::printf("malloc %.3f ms, free %.3f ms\n", taken, milliseconds() - begin);
  }
  return 0;
}
