#include "preload/collector/snapshot_signal.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstring>

namespace heapscribe::collector {
namespace {

std::atomic<unsigned> asked{0};
static_assert(std::atomic<unsigned>::is_always_lock_free, "written in a signal handler");

void count(int) {
  asked.fetch_add(1);
}

// Those that nobody sends for another reason, or that a program may well give up.
constexpr std::array kAllowed = {SIGUSR1, SIGUSR2, SIGHUP, SIGALRM, SIGURG, SIGWINCH, SIGIO};

bool is_allowed(int signal) {
  return std::find(kAllowed.begin(), kAllowed.end(), signal) != kAllowed.end() ||
         (signal >= SIGRTMIN && signal <= SIGRTMAX);
}

}  // namespace

void take_snapshots_at(int signal) {
  struct sigaction action {};
  action.sa_handler = count;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

unsigned asked_by_signal() {
  return asked.exchange(0);
}

int signal_number(const std::string& name) {
  int number = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc{} && rest == name.data() + name.size()) {
    return is_allowed(number) ? number : 0;
  }
  const std::string short_name = name.rfind("SIG", 0) == 0 ? name.substr(3) : name;
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* known = sigabbrev_np(signal);
    if (known != nullptr && short_name == known) return is_allowed(signal) ? signal : 0;
  }
  return 0;
}

}  // namespace heapscribe::collector
