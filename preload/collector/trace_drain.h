// Empties the threads' trace rings while the program runs. A thread of its own, so that nothing of
// this waits for the database; what it has made waits here, in bounded memory, until the main
// thread has written it. When that is full the rings fill up, and the program is told so.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "preload/collector/session_file.h"
#include "preload/collector/session_view.h"
#include "preload/collector/trace_rings.h"

namespace heapscribe::collector {

class TraceDrain {
 public:
  explicit TraceDrain(SessionFile& session);

  void start();
  // What is worth being written now, in order.
  std::vector<capture::TraceChunk> take_due();
  // The program has ended, or is about to be forgotten: everything that is left.
  std::vector<capture::TraceChunk> finish();
  std::uint64_t lost_here() const { return rings_.lost_here(); }

 private:
  void run(const std::stop_token& stop);
  std::vector<capture::TraceChunk> take_all();
  void queue(capture::TraceChunk chunk);
  bool is_full() const;

  SessionFile& session_;
  SessionView view_;
  TraceRings rings_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<capture::TraceChunk> chunks_;
  std::size_t bytes_ = 0;
  std::jthread thread_;  // last: stops before the rest goes away
};

}  // namespace heapscribe::collector
