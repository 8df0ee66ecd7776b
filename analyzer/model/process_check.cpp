#include "analyzer/model/process_check.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace heapscribe::model {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kClockTolerance = 5 * kSecond;  // btime has whole seconds, clocks are set

struct ProcessStat {
  char state = 0;  // 0 = no such process
  std::int64_t start_ticks = 0;
};

// /proc/PID/stat: "pid (name) state ppid ..."; the name may hold anything, so search from the end.
ProcessStat read_stat(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line, '\0') || line.rfind(')') == std::string::npos) return {};
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  ProcessStat stat;
  fields >> stat.state;
  std::string skipped;
  constexpr int kFieldsBetweenStateAndStart = 18;
  for (int i = 0; i < kFieldsBetweenStateAndStart; ++i) fields >> skipped;
  fields >> stat.start_ticks;
  return stat;
}

std::int64_t boot_realtime_ns() {
  std::ifstream file("/proc/stat");
  std::string key;
  std::int64_t value = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    if (fields >> key >> value && key == "btime") return value * kSecond;
  }
  return 0;
}

}  // namespace

bool process_alive(std::int64_t pid, std::int64_t at_realtime_ns) {
  if (pid <= 0) return false;
  const ProcessStat stat = read_stat(pid);
  if (stat.state == 0 || stat.state == 'Z' || stat.state == 'X') return false;
  if (at_realtime_ns == 0) return true;
  const std::int64_t tick_ns = kSecond / sysconf(_SC_CLK_TCK);
  const std::int64_t started = boot_realtime_ns() + stat.start_ticks * tick_ns;
  return started <= at_realtime_ns + kClockTolerance;
}

}  // namespace heapscribe::model
