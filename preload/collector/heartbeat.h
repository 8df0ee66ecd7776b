// What the target relies on while it runs: the session's clock, storage ahead of its needs, and
// word of seccomp filters. A thread of its own, so that nothing of this waits for a slow disk.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "preload/collector/session_file.h"
#include "preload/collector/target_process.h"

namespace heapscribe::collector {

class Heartbeat {
 public:
  Heartbeat(SessionFile& session, pid_t target);

 private:
  void run(const std::stop_token& stop);
  void keep_space();
  void watch_restrictions();

  SessionFile& session_;
  SeccompWatch seccomp_;
  std::optional<std::uint64_t> first_filters_;
  unsigned beats_ = 0;
  unsigned rest_ = 0;  // beats until the file system is asked again for what it refused
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: stops before the rest goes away
};

// Nanoseconds since the target's library started; 0 before.
std::uint64_t session_time(const wire::SessionHeader& header);

}  // namespace heapscribe::collector
