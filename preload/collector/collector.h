// Reads a session into a database until the target is gone.
//
// The main thread owns everything here except the session's clock and space, which the heartbeat
// keeps. A collector that cannot write any more goes on serving the target; finish() tries again.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "preload/capture/capture_writer.h"
#include "preload/capture/snapshot_store.h"
#include "preload/capture/trace_store.h"
#include "preload/collector/budget_reader.h"
#include "preload/collector/census_reader.h"
#include "preload/collector/counter_reader.h"
#include "preload/collector/heartbeat.h"
#include "preload/collector/memory_marks.h"
#include "preload/collector/pause_reader.h"
#include "preload/collector/program_reader.h"
#include "preload/collector/request_desk.h"
#include "preload/collector/session_file.h"
#include "preload/collector/session_view.h"
#include "preload/collector/target_process.h"
#include "preload/collector/timeline.h"
#include "preload/collector/totals.h"
#include "preload/collector/trace_drain.h"

namespace heapscribe::collector {

enum class Stop {
  Ended,      // the program is gone
  Execed,     // it became another program
  Requested,  // it runs on without us
};

class Collector {
 public:
  // Writes the description of the recording. Throws DatabaseError.
  Collector(SessionFile& session, capture::Database database, const RecordingInfo& info);

  // Before run(): a snapshot that often; 0 = only when asked.
  void snapshot_every(std::uint64_t period_ns);

  // Before run(): `told` hears of every limit that is passed, once (wire/budget.h).
  void tell_breaches(std::function<void(const capture::BudgetRow&)> told) {
    told_ = std::move(told);
  }

  // Returns when there is nothing more to record. `at_scan` is called now and then, about as often
  // as the counters are read.
  Stop run(TargetProcess& target, const std::atomic<bool>& stop_requested,
           const std::function<void()>& at_scan = {});
  // The last numbers, totals and the end, in one transaction. Throws DatabaseError; the session
  // still has everything then.
  void finish(const End& end, const std::string& state);

  bool heard_from_target() const;
  capture::Database& database() { return database_; }

 private:
  Stop serve(TargetProcess& target, const std::atomic<bool>& stop_requested,
             const std::function<void()>& at_scan);
  std::chrono::milliseconds tick() const;
  void sample(std::uint64_t resident_bytes);
  void scan(TargetProcess& target);
  void write(std::uint64_t now_ns);
  void write_trace();
  void watch_budget();
  void read_at_marker(TargetProcess& target);
  void take_snapshots(TargetProcess& target);
  void check_leaks(TargetProcess& target);
  std::vector<capture::SnapshotMoment> due_snapshots();
  std::string label_of(const Wish& wish);
  void describe_readings();
  bool has_execed(const TargetProcess& target);
  bool image_has_changed(const TargetProcess& target);
  const wire::SessionHeader& header() const { return session_.header(); }

  SessionFile& session_;
  capture::Database database_;
  SessionView view_;
  capture::CaptureWriter writer_;
  SiteTimeline series_;
  Timeline timeline_;
  CounterReader reader_;
  PauseReader pauses_;
  ProgramReader program_;
  BudgetReader budget_;
  std::function<void(const capture::BudgetRow&)> told_;
  std::vector<capture::SnapshotMoment> budget_snapshots_;  // to be taken
  capture::TraceStore trace_store_;
  std::optional<TraceDrain> trace_;
  capture::SnapshotStore snapshots_;
  RequestDesk desk_;
  AskedCensus asked_census_;
  std::optional<CensusFindings> findings_;  // not written yet
  MemoryMarks memory_marks_{0};
  std::uint64_t resident_bytes_ = 0;                             // as last seen
  std::uint64_t snapshot_period_ns_ = 0, next_snapshot_ns_ = 0;  // session time
  unsigned signals_ = 0, unnamed_ = 0;
  std::uint64_t readings_ = 0;

  wire::Ref newest_marker_ = wire::kNoRef;
  std::uint64_t next_sample_ns_ = 0, next_look_ns_ = 0, next_scan_ns_ = 0, next_marker_ns_ = 0,
                next_write_ns_ = 0;  // by our own clock
  std::uint64_t end_ns_ = 0;         // session time when run() returned
  std::int64_t last_peak_ = 0;
  capture::Counters last_sum_;
  unsigned quiet_samples_ = 0;
  std::string image_, exec_path_;
  unsigned exec_hints_ = 0;
  bool writing_ = true;
};

// Brings what a dead collector left into `database`: the one that it wrote, or a new one, which
// then takes the description from `info`. `end` tells how the program stands: 'running' makes it a
// snapshot that can be taken again.
void recover_session(SessionFile& session, capture::Database& database,
                     const std::optional<RecordingInfo>& info, const End& end);

// A recording whose session is lost as well, as after a power failure: what was written counts.
void close_recording(capture::Database& database);

// One file in the end: no -wal, no -shm beside it. A reader that has the database open keeps them
// until it is done.
void settle(capture::Database& database);

}  // namespace heapscribe::collector
