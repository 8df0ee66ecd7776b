#include "analyzer/cli/progress_line.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <stdexcept>

namespace heapscribe::cli {
namespace {

constexpr ProgressLine::Clock::duration kAtOnce{0};

// A terminal whose screen can be read.
class Terminal {
 public:
  Terminal() : screen_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (screen_ < 0 || grantpt(screen_) != 0 || unlockpt(screen_) != 0) {
      throw std::runtime_error("no pseudo terminal");
    }
    file_ = open(ptsname(screen_), O_RDWR | O_NOCTTY | O_CLOEXEC);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    close(file_);
    close(screen_);
  }

  int file() const { return file_; }
  // What was written since the last call. The kernel hands it on in its own time, so a mark
  // follows.
  std::string written() const {
    constexpr char kMark = '$';
    std::string text;
    if (write(file_, &kMark, 1) != 1) return "the terminal is closed";
    for (char byte = 0; read(screen_, &byte, 1) == 1 && byte != kMark;) text += byte;
    return text;
  }

 private:
  int screen_;
  int file_ = -1;
};

TEST(ProgressLine, AppearsAndGoesWithItsObject) {
  const Terminal terminal;
  {
    ProgressLine line(terminal.file(), kAtOnce);
    line.show([] { return std::string("halfway"); });
    EXPECT_EQ(terminal.written(), "\rheapscribe: halfway ");
  }
  EXPECT_EQ(terminal.written(), "\r\033[K");
}

TEST(ProgressLine, IsTakenAwayOnce) {
  const Terminal terminal;
  ProgressLine line(terminal.file(), kAtOnce);
  line.show([] { return std::string("halfway"); });
  line.remove();
  line.remove();
  EXPECT_EQ(terminal.written(), "\rheapscribe: halfway \r\033[K");
}

TEST(ProgressLine, ShortWorkShowsNothing) {
  const Terminal terminal;
  {
    ProgressLine line(terminal.file(), std::chrono::hours(1));
    line.show([]() -> std::string { throw std::logic_error("asked too early"); });
  }
  EXPECT_EQ(terminal.written(), "");
}

TEST(ProgressLine, AFileGetsNothing) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  {
    ProgressLine line(ends[1], kAtOnce);
    line.show([] { return std::string("halfway"); });
  }
  char byte = 0;
  EXPECT_LT(read(ends[0], &byte, 1), 0);
  for (const int end : ends) close(end);
}

}  // namespace
}  // namespace heapscribe::cli
