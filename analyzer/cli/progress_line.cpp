#include "analyzer/cli/progress_line.h"

#include <cstdio>

namespace heapscribe::cli {

ProgressLine::ProgressLine(int file, Clock::duration patience)
    : file_(file), terminal_(::isatty(file) != 0), due_(start_ + patience) {}

void ProgressLine::show(const std::function<std::string()>& text) {
  constexpr std::chrono::milliseconds kBetweenLines{200};
  if (!terminal_ || Clock::now() < due_) return;
  dprintf(file_, "\rheapscribe: %s ", text().c_str());
  due_ = Clock::now() + kBetweenLines;
  visible_ = true;
}

void ProgressLine::remove() {
  if (visible_) dprintf(file_, "\r\033[K");
  visible_ = false;
}

std::chrono::seconds ProgressLine::elapsed() const {
  return std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start_);
}

}  // namespace heapscribe::cli
