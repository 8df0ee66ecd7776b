#include "analyzer/cli/crash_report.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <boost/stacktrace.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace heapscribe::cli {
namespace {

void say(std::string_view text) {
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // nobody left to tell
}

// "FILE+0xOFFSET FUNCTION", which addr2line -e FILE 0xOFFSET turns into a line.
std::string place_of(const boost::stacktrace::frame& frame) {
  Dl_info info{};
  if (dladdr(frame.address(), &info) == 0 || info.dli_fname == nullptr) return "?";
  const auto offset =
      static_cast<const char*>(frame.address()) - static_cast<char*>(info.dli_fbase);
  return fmt::format("{}+{:#x} {}", info.dli_fname, offset, frame.name());
}

// Printing allocates, which may crash again or wait for a lock that the crash holds: by then the
// signal has its default action, and the alarm ends the waiting.
void on_crash(int signal_number) {
  constexpr unsigned kSecondsForTheReport = 5;
  alarm(kSecondsForTheReport);
  say("heapscribe: internal error, please report this stack:\n");
  std::size_t number = 0;
  for (const boost::stacktrace::frame& frame : boost::stacktrace::stacktrace()) {
    say(std::to_string(number++) + "  " + place_of(frame) + "\n");
  }
  raise(signal_number);
}

}  // namespace

void report_crashes() {
  static std::vector<char> stack(1 << 17);  // a crash may be an exhausted stack
  stack_t alternative{};
  alternative.ss_sp = stack.data();
  alternative.ss_size = stack.size();
  sigaltstack(&alternative, nullptr);
  struct sigaction action {};
  action.sa_handler = on_crash;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_ONSTACK | SA_NODEFER);
  for (const int signal_number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    sigaction(signal_number, &action, nullptr);
  }
}

}  // namespace heapscribe::cli
