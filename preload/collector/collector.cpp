#include "preload/collector/collector.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "preload/collector/pool_reader.h"
#include "preload/collector/release_reader.h"
#include "preload/collector/snapshot_signal.h"
#include "preload/collector/tick_scale.h"

namespace heapscribe::collector {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kShortestTick = 10 * kMillisecond;
constexpr std::uint64_t kLongestTick = 50 * kMillisecond;
constexpr unsigned kManyQuietSamples = 50;
constexpr std::uint64_t kScanInterval = 100 * kMillisecond;
constexpr std::uint64_t kWriteInterval = 500 * kMillisecond;
constexpr std::uint64_t kLongestInterval = 10'000 * kMillisecond;
// Reading and writing take at most one part in this of a processor's time each. They mostly repeat
// what was done for the same sites before, so the seldomer the cheaper; but threads that ended wait
// for the next reading.
constexpr std::uint64_t kScanShare = 200;
constexpr std::uint64_t kWriteShare = 400;
// A failed exec takes back its note at once; one that stands for so many looks has succeeded.
constexpr unsigned kExecHints = 3;
// Who asked for something takes the answer within milliseconds.
constexpr std::uint64_t kRequestPatience = 10'000 * kMillisecond;

std::uint64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// Time of our own, which runs before the target's does.
std::uint64_t own_time() {
  return clock_ns(CLOCK_MONOTONIC);
}

// Runs `work` and says when it may be run again.
template <typename Work>
std::uint64_t timed(std::uint64_t shortest, std::uint64_t share, const Work& work) {
  const std::uint64_t begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  work();
  const std::uint64_t cost = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin;
  return own_time() + std::clamp(cost * share, shortest, kLongestInterval);
}

std::uint64_t stored_step(capture::Database& database) {
  return static_cast<std::uint64_t>(
      database.integer("SELECT value FROM recording WHERE key = 'site_timeline_step_ns'"));
}

// Nobody is asked any more: whoever was alive when the recording ended lived to its end.
class NoWatch : public ThreadWatch {
 public:
  bool alive(std::uint32_t) override { return true; }
  std::string name(std::uint32_t) override { return {}; }
};

void read_last_numbers(CounterReader& reader, const wire::SessionHeader& header,
                       std::uint64_t now_ns, capture::CaptureWriter& writer) {
  NoWatch nobody;
  reader.scan(now_ns, Depth::Complete, nobody);
  const ProcessTotals totals = reader.totals();
  const std::int64_t marked = header.peak_bytes.load(std::memory_order_relaxed);
  const bool at_mark = header.at_mark.load(std::memory_order_relaxed) != 0;
  reader.read_peaks(at_mark || totals.counters.live_bytes() > marked);
  set_totals(totals, header, now_ns, writer);
}

void describe_trace(const wire::SessionHeader& header, capture::CaptureWriter& writer) {
  static constexpr std::array<const char*, 4> kPolicies = {"", "block", "drop", "degrade"};
  const auto policy = static_cast<std::size_t>(header.trace);
  if (policy == 0 || policy >= kPolicies.size()) return;
  writer.set_recording("trace", kPolicies[policy]);
  if (header.trace == wire::TracePolicy::Degrade && header.trace_ended.load() != 0) {
    writer.set_recording("trace_end_ns", static_cast<std::int64_t>(header.trace_end_ns.load()));
  }
}

std::uint64_t& untraced(ProcessTotals& totals) {
  return totals.losses[static_cast<std::size_t>(wire::Loss::UntracedEvents)];
}

std::span<std::byte> writable(SessionFile& session) {
  return {reinterpret_cast<std::byte*>(&session.header()), session.mapping().size()};
}

capture::Database prepared(capture::Database database) {
  // A power failure would take the session with it, so nothing is gained by waiting for the disk.
  database.execute("PRAGMA synchronous = OFF");
  // A batch is written once, at its end, and pages that many batches change reach the file seldom.
  database.execute("PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 4000");
  return database;
}

}  // namespace

Collector::Collector(SessionFile& session, capture::Database database, const RecordingInfo& info)
    : session_(session),
      database_(prepared(std::move(database))),
      view_(session.mapping(), session.path()),
      writer_(database_),
      reader_(view_, writer_, series_),
      pauses_(view_, reader_, writer_, writable(session)),
      program_(view_, writer_),
      budget_(view_, reader_),
      trace_store_(database_),
      snapshots_(database_),
      desk_(session.header()),
      asked_census_(session.header()) {
  session_.note_database(database_.path());
  const MemoryLimits memory = memory_limits_of(info.pid);
  memory_marks_ = MemoryMarks(memory.least());
  describe(info, memory, writer_);
  describe_trace(header(), writer_);
  if (header().free_stacks != 0) writer_.set_recording("free_stacks", 1);
  if (header().trace != wire::TracePolicy::Off) trace_.emplace(session);
  writer_.flush([&] { writer_.write_losses(std::array<std::uint64_t, wire::kLossKinds>{}); });
}

bool Collector::heard_from_target() const {
  return header().phase.load(std::memory_order_acquire) != wire::SessionPhase::Waiting;
}

Stop Collector::run(TargetProcess& target, const std::atomic<bool>& stop_requested,
                    const std::function<void()>& at_scan) {
  const Heartbeat heartbeat(session_, target.pid());
  if (trace_) trace_->start();
  const Stop stop = serve(target, stop_requested, at_scan);
  // What a program asked for just before its end is the end as good as then.
  watch_budget();
  const bool asked = !desk_.wishes().empty() || !budget_snapshots_.empty();
  if (stop == Stop::Ended && asked) take_snapshots(target);
  if (stop == Stop::Ended) await_census(header().census);
  end_ns_ = session_time(header());
  return stop;
}

Stop Collector::serve(TargetProcess& target, const std::atomic<bool>& stop_requested,
                      const std::function<void()>& at_scan) {
  for (;;) {
    if (target.ended_within(tick())) return Stop::Ended;
    if (stop_requested) return Stop::Requested;
    if (!heard_from_target()) continue;
    if (own_time() >= next_sample_ns_) {
      next_sample_ns_ = timed(0, kScanShare, [&] { sample(target.resident_bytes()); });
    }
    watch_budget();
    read_at_marker(target);
    take_snapshots(target);
    check_leaks(target);
    if (trace_ && writing_) write_trace();
    if (own_time() < next_look_ns_) continue;
    next_look_ns_ = own_time() + kScanInterval;
    if (has_execed(target)) return Stop::Execed;
    if (own_time() >= next_scan_ns_) {
      scan(target);
    }
    if (at_scan) at_scan();
  }
}

// There is no need to look as often as at first when the series has become coarse, or nothing
// happens. A trace does not wait.
std::chrono::milliseconds Collector::tick() const {
  std::uint64_t wanted = quiet_samples_ < kManyQuietSamples ? timeline_.step() / 2 : kLongestTick;
  if (trace_) wanted = kShortestTick;
  return std::chrono::milliseconds(std::clamp(wanted, kShortestTick, kLongestTick) / kMillisecond);
}

void Collector::sample(std::uint64_t resident_bytes) {
  resident_bytes_ = resident_bytes;
  view_.refresh(session_.committed());
  reader_.refresh();
  const capture::Counters sum = view_.is_sampled()
                                    ? reader_.sampled_counters(header().flushed_live_bytes)
                                    : reader_.counters();
  const bool quiet = std::exchange(last_sum_, sum) == sum;
  quiet_samples_ = quiet ? quiet_samples_ + 1 : 0;
  std::int64_t highest = sum.live_bytes();
  const std::int64_t peak = header().peak_bytes.load(std::memory_order_relaxed);
  if (std::exchange(last_peak_, peak) != peak) highest = std::max(highest, peak);
  timeline_.add({.ns = session_time(header()),
                 .live_bytes = highest,
                 .live_blocks = sum.live_blocks(),
                 .allocations = sum.allocations,
                 .bytes = sum.bytes,
                 .frees = sum.frees,
                 .rss_bytes = resident_bytes});
  if (writing_ && pauses_.pressed()) write(session_time(header()));
}

// Reading and writing have a share each: what a write costs does not put off the next reading.
void Collector::scan(TargetProcess& target) {
  const std::uint64_t now = session_time(header());
  next_scan_ns_ = timed(kScanInterval / 2, kScanShare, [&] {
    view_.refresh(session_.committed());
    reader_.scan(now, Depth::Changes, target);
    if (writing_) series_.close_interval(writer_, now);
  });
  ++readings_;
  if (writing_ && (reader_.found_dead() || own_time() >= next_write_ns_)) {
    next_write_ns_ = timed(kWriteInterval, kWriteShare, [&] { write(now); });
  }
  reader_.release_dead([&](wire::Ref table, wire::Ref owner) { session_.release(table, owner); });
}

void Collector::write(std::uint64_t now_ns) {
  timeline_.stream(writer_);
  series_.stream(writer_);
  set_totals(reader_.totals(), header(), now_ns, writer_);
  set_pool_totals(view_, writer_);
  describe_readings();
  program_.collect(now_ns);
  pauses_.collect(Patience::Left);
  const std::vector<capture::BudgetRow> limits = budget_.limits(Patience::Left);
  try {
    writer_.flush([&] {
      write_pool_tables(view_, writer_);
      snapshots_.write();
      pauses_.write();
      writer_.write_budget(limits);
      if (findings_) writer_.write_block_classes(findings_->classes, findings_->holders);
    });
    findings_.reset();
    snapshots_.written();
    pauses_.written();
  } catch (const capture::DatabaseError&) {
    writing_ = false;
  }
}

void Collector::describe_readings() {
  writer_.set_recording("site_readings", static_cast<std::int64_t>(readings_));
  if (snapshots_.thinned() == 0) return;
  writer_.set_recording("snapshots_thinned", static_cast<std::int64_t>(snapshots_.thinned()));
  writer_.set_recording("snapshot_every_ns",
                        static_cast<std::int64_t>(snapshot_period_ns_ * snapshots_.thinning()));
}

void Collector::snapshot_every(std::uint64_t period_ns) {
  snapshot_period_ns_ = next_snapshot_ns_ = period_ns;
  if (period_ns != 0) {
    writer_.set_recording("snapshot_every_ns", static_cast<std::int64_t>(period_ns));
  }
}

std::string Collector::label_of(const Wish& wish) {
  if (!wish.label.empty()) return wish.label;
  return (wish.origin == wire::RequestOrigin::Command ? "ctl-" : "program-") +
         std::to_string(++unnamed_);
}

void Collector::watch_budget() {
  for (const capture::BudgetRow& passed : budget_.newly_passed()) {
    if (told_) told_(passed);
    if (header().budget.action != wire::BudgetAction::Snapshot) continue;
    budget_snapshots_.push_back(
        {.cause = capture::SnapshotCause::Budget, .label = "budget-" + std::string(passed.figure)});
  }
}

// What the sites hold at a marker is to be known; of markers in quick succession, at the last.
void Collector::read_at_marker(TargetProcess& target) {
  const wire::Ref newest = header().first_marker.load(std::memory_order_acquire);
  if (newest == newest_marker_ || !writing_ || own_time() < next_marker_ns_) return;
  newest_marker_ = newest;
  next_marker_ns_ = timed(0, kScanShare, [&] {
    view_.refresh(session_.committed());
    const MarkerView marker = view_.marker(newest);
    reader_.scan(session_time(header()), Depth::Changes, target);
    series_.close_interval_at(writer_, session_time_of(marker.ticks, marker.ns, header()));
  });
}

// What is to be taken now, without those that a request names.
std::vector<capture::SnapshotMoment> Collector::due_snapshots() {
  std::vector<capture::SnapshotMoment> due = std::exchange(budget_snapshots_, {});
  for (unsigned left = asked_by_signal(); left > 0; --left) {
    due.push_back(
        {.cause = capture::SnapshotCause::Signal, .label = "signal-" + std::to_string(++signals_)});
  }
  if (const auto percent = memory_marks_.passed(resident_bytes_)) {
    due.push_back({.cause = capture::SnapshotCause::Memory,
                   .label = "memory-" + std::to_string(*percent) + "%"});
  }
  const std::uint64_t now = session_time(header());
  if (snapshot_period_ns_ != 0 && now >= next_snapshot_ns_) {
    const std::uint64_t period = snapshot_period_ns_ * snapshots_.thinning();
    next_snapshot_ns_ = now - now % period + period;
    due.push_back({.cause = capture::SnapshotCause::Periodic});
  }
  return due;
}

// The counters are read while the program goes on; one reading serves all that is due. Only who
// waits for an answer makes us write at once.
void Collector::take_snapshots(TargetProcess& target) {
  std::vector<capture::SnapshotMoment> due = due_snapshots();
  const std::vector<Wish> wishes = desk_.wishes(wire::RequestVerb::Snapshot);
  desk_.take_back(own_time(), kRequestPatience);
  if (due.empty() && wishes.empty()) return;
  const std::uint64_t begin = own_time();
  const std::uint64_t now = session_time(header());
  view_.refresh(session_.committed());
  reader_.scan(now, Depth::Changes, target);
  const capture::Counters sum = reader_.totals().counters;
  const std::uint64_t read_ns = own_time() - begin;
  const std::uint64_t resident = target.resident_bytes();
  const auto take = [&](capture::SnapshotMoment moment) {
    moment.ns = now;
    moment.live_blocks = sum.live_blocks();
    moment.live_bytes = sum.live_bytes();
    moment.allocations = sum.allocations;
    moment.bytes = sum.bytes;
    moment.rss_bytes = resident;
    moment.read_ns = read_ns;
    return writing_ ? snapshots_.take(moment, writer_) : 0;
  };
  for (const capture::SnapshotMoment& moment : due) take(moment);
  std::vector<std::uint32_t> numbers;
  numbers.reserve(wishes.size());
  for (const Wish& wish : wishes) {
    numbers.push_back(take({.cause = wish.origin == wire::RequestOrigin::Command
                                         ? capture::SnapshotCause::Command
                                         : capture::SnapshotCause::Program,
                            .label = label_of(wish)}));
  }
  series_.close_interval(writer_, now);
  if (!wishes.empty() && writing_) write(now);
  for (std::size_t index = 0; index < wishes.size(); ++index) {
    desk_.answer(wishes[index], writing_ ? numbers[index] : 0);
  }
}

// One check serves all who wait for one.
void Collector::check_leaks(TargetProcess& target) {
  const std::vector<Wish> wishes = desk_.wishes(wire::RequestVerb::LeakCheck);
  if (wishes.empty()) return asked_census_.give_up();
  const AskedCensus::Stage stage = asked_census_.pursue();
  if (stage == AskedCensus::Stage::UnderWay) return;
  if (stage == AskedCensus::Stage::Complete && writing_) {
    const std::uint64_t now = session_time(header());
    view_.refresh(session_.committed());
    reader_.scan(now, Depth::Changes, target);
    findings_ = read_census(view_, header().asked_census, reader_, writer_);
    series_.close_interval(writer_, now);
    write(now);
  }
  const bool written = stage == AskedCensus::Stage::Complete && writing_;
  for (const Wish& wish : wishes) desk_.answer(wish, written ? 1 : 0);
}

void Collector::write_trace() {
  std::vector<capture::TraceChunk> due = trace_->take_due();
  if (due.empty()) return;
  for (capture::TraceChunk& chunk : due) trace_store_.add(std::move(chunk));
  trace_store_.find_sites([&](wire::Ref row) { return reader_.site_of(row, Patience::Left); });
  try {
    capture::Transaction transaction(database_);
    trace_store_.write();
    trace_store_.write_loss();
    transaction.commit();
    trace_store_.written();
  } catch (const capture::DatabaseError&) {
    writing_ = false;
  }
}

// The new program's name is noted by our hooks, unless the kernel was called past them.
bool Collector::image_has_changed(const TargetProcess& target) {
  const std::string image = target.image();
  if (image_.empty()) image_ = image;
  if (image.empty() || image == image_) return false;
  const bool noted = header().end_kind.load(std::memory_order_relaxed) == wire::EndKind::Exec;
  if (noted) exec_path_ = view_.exec_path();
  if (exec_path_.empty()) exec_path_ = target.executable();
  return !exec_path_.empty();
}

bool Collector::has_execed(const TargetProcess& target) {
  if (image_has_changed(target)) return true;
  const bool hint = header().end_kind.load(std::memory_order_relaxed) == wire::EndKind::Exec;
  exec_hints_ = hint ? exec_hints_ + 1 : 0;
  return exec_hints_ >= kExecHints;
}

void Collector::finish(const End& end, const std::string& state) {
  for (const Wish& wish : desk_.wishes()) desk_.answer(wish, 0);
  sample(timeline_.points().empty() ? 0 : timeline_.points().back().rss_bytes);
  timeline_.stream(writer_, true);
  const std::string exec_path = exec_path_.empty() ? view_.exec_path() : exec_path_;
  read_last_numbers(reader_, header(), end_ns_, writer_);
  series_.close_interval(writer_, end_ns_);
  series_.stream(writer_, true);
  set_end(end, exec_path, writer_);
  writer_.set_recording("state", state);
  set_pool_totals(view_, writer_);
  describe_trace(header(), writer_);
  ProcessTotals totals = reader_.totals();
  if (trace_) {
    session_.header().trace_ended.store(1);  // should the program live on, it need not wait for us
    for (capture::TraceChunk& chunk : trace_->finish()) trace_store_.add(std::move(chunk));
    trace_store_.find_sites([&](wire::Ref row) { return reader_.site_of(row, Patience::Over); });
    untraced(totals) += trace_->lost_here();
  }
  const std::vector<capture::ReleaseRow> releases = read_releases(view_, reader_);
  if (auto census = read_last_census(view_, reader_, writer_, database_)) {
    findings_ = std::move(census);
  }
  describe_readings();
  program_.collect(end_ns_);
  pauses_.collect(Patience::Over);
  const std::vector<capture::BudgetRow> limits = budget_.limits(Patience::Over);
  writer_.flush([&] {
    snapshots_.write();
    snapshots_.write_final();
    write_final_tables(totals, writer_);
    writer_.write_budget(limits);
    writer_.write_releases(releases);
    if (findings_) writer_.write_block_classes(findings_->classes, findings_->holders);
    write_pool_tables(view_, writer_);
    pauses_.write();
    trace_store_.write();
  });
  pauses_.written();
  trace_store_.written();
  snapshots_.written();
}

void recover_session(SessionFile& session, capture::Database& database,
                     const std::optional<RecordingInfo>& info, const End& end) {
  SessionView view(session.mapping(), session.path());
  view.refresh(session.committed());
  capture::CaptureWriter writer(database);
  if (info) describe(*info, memory_limits_of(info->pid), writer);
  SiteTimeline series;
  series.resume(stored_step(database));
  CounterReader reader(view, writer, series);
  const std::uint64_t merged = reader.resume();
  const std::uint64_t now = view.header().now_ns.load(std::memory_order_relaxed);
  read_last_numbers(reader, view.header(), now, writer);
  series.close_interval(writer, now);
  series.stream(writer, true);
  ProcessTotals totals = reader.totals();
  totals.losses[static_cast<std::size_t>(wire::Loss::MergedThreads)] += merged;
  describe_trace(view.header(), writer);
  capture::TraceStore trace(database);
  TraceRings rings(view, {});
  rings.resume(trace.resume());
  rings.read(TraceDepth::Everything, [&](auto chunk) { trace.add(std::move(chunk)); });
  trace.find_sites([&](wire::Ref row) { return reader.site_of(row, Patience::Over); });
  untraced(totals) += rings.lost_here();
  set_end(end, view.exec_path(), writer);
  writer.set_recording("state", "interrupted");
  set_pool_totals(view, writer);
  const std::vector<capture::ReleaseRow> releases = read_releases(view, reader);
  const auto census = read_last_census(view, reader, writer, database);
  ProgramReader(view, writer).collect(now);
  PauseReader pauses(view, reader, writer, {});
  pauses.collect(Patience::Over);
  const std::vector<capture::BudgetRow> limits = BudgetReader(view, reader).limits(Patience::Over);
  writer.flush([&] {
    write_final_tables(totals, writer);
    writer.write_budget(limits);
    writer.write_releases(releases);
    if (census) writer.write_block_classes(census->classes, census->holders);
    write_pool_tables(view, writer);
    pauses.write();
    trace.write();
    capture::SnapshotStore(database).write_final();
  });
}

void close_recording(capture::Database& database) {
  capture::CaptureWriter writer(database);
  set_end({"unknown", std::nullopt}, "", writer);
  writer.set_recording("state", "interrupted");
  writer.flush();
}

void settle(capture::Database& database) {
  try {
    database.execute("PRAGMA synchronous = NORMAL");
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    database.execute("PRAGMA journal_mode = DELETE");
  } catch (const capture::DatabaseError& error) {
    if (error.code() != SQLITE_BUSY && error.code() != SQLITE_LOCKED) throw;
  }
}

}  // namespace heapscribe::collector
