// A sign of life on the terminal for work that takes longer than a second.
#pragma once

#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>

namespace heapscribe::cli {

// The terminal's last line, from when the work has taken a while until the object goes. Nothing
// happens when `file` is not a terminal.
class ProgressLine {
 public:
  using Clock = std::chrono::steady_clock;

  explicit ProgressLine(int file = STDERR_FILENO,
                        Clock::duration patience = std::chrono::seconds(1));
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { remove(); }

  // May be called often: `text` is asked for when the line is due, not more than five times a
  // second.
  void show(const std::function<std::string()>& text);
  void remove();

  std::chrono::seconds elapsed() const;

 private:
  int file_;
  bool terminal_;
  bool visible_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point due_;
};

}  // namespace heapscribe::cli
