#include "analyzer/cli/progress.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace heapscribe::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Sign {
  Clock::time_point start = Clock::now();
  Clock::time_point next = start + std::chrono::seconds(1);
  bool visible = false;
};

Sign& sign() {
  static Sign the_sign;
  return the_sign;
}

int on_progress(void*) {
  const auto now = Clock::now();
  if (now < sign().next) return 0;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - sign().start);
  std::fprintf(stderr, "\rheapscribe: reading the recording, %lld s ",
               static_cast<long long>(seconds.count()));
  sign().next = now + std::chrono::milliseconds(500);
  sign().visible = true;
  return 0;
}

}  // namespace

void show_progress(capture::Database& database) {
  constexpr int kInstructionsBetweenLooks = 100'000;
  if (isatty(STDERR_FILENO) == 0) return;
  sign() = {};
  sqlite3_progress_handler(database.handle(), kInstructionsBetweenLooks, on_progress, nullptr);
}

void end_progress() {
  if (sign().visible) std::fputs("\r\033[K", stderr);
  sign().visible = false;
}

}  // namespace heapscribe::cli
