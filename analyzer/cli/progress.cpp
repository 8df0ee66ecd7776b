#include "analyzer/cli/progress.h"

#include <fmt/format.h>

#include <optional>

#include "analyzer/cli/progress_line.h"

namespace heapscribe::cli {
namespace {

std::optional<ProgressLine>& line() {
  static std::optional<ProgressLine> the_line;
  return the_line;
}

int on_progress(void*) {
  line()->show(
      [] { return fmt::format("reading the recording, {} s", line()->elapsed().count()); });
  return 0;
}

}  // namespace

void show_progress(capture::Database& database) {
  constexpr int kInstructionsBetweenLooks = 100'000;
  if (isatty(STDERR_FILENO) == 0) return;
  line().emplace();
  sqlite3_progress_handler(database.handle(), kInstructionsBetweenLooks, on_progress, nullptr);
}

void end_progress() {
  if (line()) line()->remove();
}

}  // namespace heapscribe::cli
