// The event trace: replayed in order it says what the counters say; what is missing is counted and
// marked; and no target waits for a collector that does not move.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <map>

#include "analyzer/model/trace_blocks.h"
#include "analyzer/model/trace_reader.h"
#include "tests/end_to_end/published_counter.h"
#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

using model::TraceEvent;
using model::TraceEventKind;

struct SiteCounts {
  std::int64_t allocations = 0, bytes = 0, frees = 0, freed_bytes = 0;
  bool operator==(const SiteCounts&) const = default;
};
void PrintTo(const SiteCounts& counts, std::ostream* stream) {
  *stream << counts.allocations << " allocations, " << counts.bytes << " bytes, " << counts.frees
          << " frees, " << counts.freed_bytes << " freed bytes";
}

// What a trace adds up to.
struct Replay {
  std::int64_t events = 0, allocations = 0, frees = 0, unknown_frees = 0, reallocations = 0;
  std::int64_t bytes = 0, live_bytes = 0, peak_bytes = 0;
  std::int64_t gaps = 0, lost = 0;
  std::uint64_t twice_live = 0;
  std::map<std::int64_t, SiteCounts> sites;
};

Replay replay(const Recording& recording) {
  Replay sum;
  model::CaptureReader capture(recording.path().string());
  model::TraceReader trace(capture);
  model::TraceBlocks blocks;
  for (TraceEvent event; trace.next(event);) {
    const auto gone = blocks.follow(event);
    const auto size = static_cast<std::int64_t>(event.size);
    if (event.kind != TraceEventKind::Gap && event.kind != TraceEventKind::ReallocBegin) {
      ++sum.events;
    }
    switch (event.kind) {
      case TraceEventKind::Realloc:
        ++sum.reallocations;
        [[fallthrough]];
      case TraceEventKind::Allocation: {
        ++sum.allocations;
        sum.bytes += size;
        SiteCounts& site = sum.sites[event.site];
        ++site.allocations;
        site.bytes += size;
        sum.live_bytes += size;
        sum.peak_bytes = std::max(sum.peak_bytes, sum.live_bytes);
        break;
      }
      case TraceEventKind::Release:
      case TraceEventKind::ReallocBegin:
        if (gone) {
          ++sum.frees;
          ++sum.sites[gone->site].frees;
          sum.sites[gone->site].freed_bytes += static_cast<std::int64_t>(gone->size);
          sum.live_bytes -= static_cast<std::int64_t>(gone->size);
        } else {
          ++sum.unknown_frees;
        }
        break;
      case TraceEventKind::Gap:
        ++sum.gaps;
        sum.lost += static_cast<std::int64_t>(event.lost);
    }
  }
  sum.twice_live = blocks.overwritten();
  EXPECT_EQ(trace.totals().events.value, sum.events);
  EXPECT_EQ(trace.totals().lost.value, sum.lost);
  return sum;
}

std::map<std::int64_t, SiteCounts> sites_of(const Recording& recording) {
  auto database = capture::open_recording(recording.path(), capture::OpenMode::ReadOnly);
  auto rows = database.prepare("SELECT id, allocations, bytes, frees, freed_bytes FROM site");
  std::map<std::int64_t, SiteCounts> sites;
  while (rows.step()) {
    sites[rows.integer(0)] = {rows.integer(1), rows.integer(2), rows.integer(3), rows.integer(4)};
  }
  return sites;
}

std::int64_t number(const Recording& recording, const std::string& key) {
  const std::string text = recording.property(key);
  return text.empty() ? 0 : std::stoll(text);
}

// A realloc is one event, but an allocation and a free.
std::int64_t counted_events(const Recording& recording) {
  return number(recording, "allocations") + number(recording, "frees") +
         number(recording, "unknown_frees") - number(recording, "reallocations");
}

std::int64_t untraced(const Recording& recording) {
  return static_cast<std::int64_t>(recording.summary().losses.at("untraced_events"));
}

void expect_complete(const Recording& recording) {
  const Replay sum = replay(recording);
  EXPECT_EQ(sum.twice_live, 0U) << "an address was live twice";
  EXPECT_EQ(sum.gaps, 0);
  EXPECT_EQ(untraced(recording), 0);
  EXPECT_GT(sum.events, 0);
  EXPECT_EQ(sum.events, counted_events(recording));
  EXPECT_EQ(sum.allocations, number(recording, "allocations"));
  EXPECT_EQ(sum.bytes, number(recording, "allocated_bytes"));
  EXPECT_EQ(sum.frees, number(recording, "frees"));
  EXPECT_EQ(sum.unknown_frees, number(recording, "unknown_frees"));
  EXPECT_EQ(sum.reallocations, number(recording, "reallocations"));
  EXPECT_EQ(sum.live_bytes, number(recording, "live_bytes"));
  EXPECT_EQ(sum.sites, sites_of(recording));
}

void expect_same_peak(const Recording& recording) {
  EXPECT_NEAR(static_cast<double>(replay(recording).peak_bytes),
              static_cast<double>(number(recording, "peak_bytes")),
              static_cast<double>(number(recording, "peak_error_bytes")));
}

// What is missing is exactly what is counted and marked.
void expect_gaps_account_for_all(const Recording& recording) {
  const Replay sum = replay(recording);
  EXPECT_EQ(sum.lost, untraced(recording));
  EXPECT_EQ(sum.events + sum.lost, counted_events(recording));
}

class Trace : public EndToEnd {
 protected:
  RecordedRun traced(const Command& command, std::vector<std::string> options = {}) const {
    options.insert(options.begin(), "--trace");
    return run_recorded(command, options);
  }
  Command pass_blocks(int threads, int rounds) const {
    return in_directory(
        {test_program("pass_blocks"), std::to_string(threads), std::to_string(rounds)});
  }
};

TEST_F(Trace, OfThreadsThatPassBlocksAroundIsTheTruth) {
  const RecordedRun run = traced(pass_blocks(6, 50'000));
  EXPECT_EQ(run.finished.exit_status, 0) << describe(run.finished);
  expect_exact(run);
  expect_complete(run.recording);
}

TEST_F(Trace, OfOneThreadHasTheExactPeak) {
  const RecordedRun run = traced(in_directory({sample_program("peak_spike")}));
  expect_complete(run.recording);
  EXPECT_EQ(run.recording.property("peak_error_bytes"), "0");
  expect_same_peak(run.recording);
}

TEST_F(Trace, OfManyShortThreadsIsTheTruth) {
  const RecordedRun run =
      traced(in_directory({test_program("many_threads"), "sequence", "3000", file("resident")}));
  if (run.finished.exit_status == 77) GTEST_SKIP() << "the system allows fewer threads";
  expect_complete(run.recording);
}

TEST_F(Trace, WithoutStacksIsTheTruth) {
  expect_complete(traced(pass_blocks(2, 5000), {"--mode", "counts"}).recording);
}

TEST_F(Trace, UnderBarePreloadIsTheTruth) {
  Command command = pass_blocks(2, 5000);
  const Recording recording(file("bare.db"));
  command.environment["LD_PRELOAD"] = heapscribe_library();
  command.environment["HEAPSCRIBE_OUTPUT"] = recording.path();
  command.environment["HEAPSCRIBE_TRACE"] = "block";
  const Finished finished = run(command);
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
  ASSERT_TRUE(
      wait_until([&] { return recording.exists() && recording.property("state") == "complete"; }));
  expect_complete(recording);
}

TEST_F(Trace, OfRealProgramsIsTheTruth) {
  write_text(file("work.sql"),
             "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);\n"
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)\n"
             "  INSERT INTO t SELECT i, 'text ' || i FROM n;\nSELECT count(*) FROM t;\n");
  write_text(file("work.pl"),
             "my %h; $h{'key' . ($_ % 700)} .= \"value $_ \" for 1 .. 20000;\n"
             "my @a = map { { a => $_ } } 1 .. 9000; print scalar(keys %h), \"\\n\";\n");
  write_text(file("work.py"),
             "import json\nrows = [{'n': n, 'text': 'x' * n} for n in range(700)]\n"
             "print(len(json.loads(json.dumps(rows))))\n");
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"sqlite3", "-batch", ":memory:", ".read " + file("work.sql").string()},
           {"perl", file("work.pl")},
           {"/usr/bin/python3", "-I", file("work.py")}}) {
    SCOPED_TRACE(arguments.front());
    if (arguments.front().front() != '/' && !is_installed(arguments.front())) continue;
    Command command = in_directory(arguments);
    command.environment["PYTHONMALLOC"] = "malloc";
    const RecordedRun run = traced(command);
    EXPECT_EQ(run.finished.exit_status, 0) << describe(run.finished);
    expect_complete(run.recording);
    expect_same_peak(run.recording);
  }
}

TEST_F(Trace, DroppedEventsAreGapsThatAccountForAll) {
  const RecordedRun run =
      traced(pass_blocks(4, 20'000), {"--trace-full", "drop", "--trace-ring", "1024"});
  EXPECT_GT(untraced(run.recording), 0);
  EXPECT_GT(replay(run.recording).gaps, 1);
  expect_gaps_account_for_all(run.recording);
  EXPECT_NE(run.closing_line.find("untraced events"), std::string::npos) << run.closing_line;
}

TEST_F(Trace, DegradedItEndsAndTheCountsGoOn) {
  const RecordedRun run =
      traced(pass_blocks(4, 20'000), {"--trace-full", "degrade", "--trace-ring", "1024"});
  EXPECT_GT(untraced(run.recording), 0);
  EXPECT_NE(run.recording.property("trace_end_ns"), "");
  expect_gaps_account_for_all(run.recording);
  const auto truth = counts_of(run);
  ASSERT_TRUE(truth);
  EXPECT_EQ(run.recording.summary().allocations, truth->allocations);
}

TEST_F(Trace, BlockedByATinyRingNothingIsLost) {
  expect_complete(traced(pass_blocks(3, 3000), {"--trace-ring", "1024"}).recording);
}

// The other end of published_counter.c's file.
std::uint64_t published_rounds(const std::filesystem::path& path, pid_t& pid) {
  const std::string bytes = read_text(path);
  if (bytes.size() < sizeof(published)) return 0;
  const auto* content = reinterpret_cast<const published*>(bytes.data());
  pid = static_cast<pid_t>(content->pid.load());
  std::uint64_t sum = 0;
  for (const published_thread& thread : content->threads) sum += thread.allocations_finished.load();
  return sum;
}

class CollectorStopped : public Trace, public ::testing::WithParamInterface<const char*> {};

// Stopped for good as far as the target is concerned: it ends before the collector goes on.
TEST_P(CollectorStopped, DoesNotHoldTheTargetUp) {
  constexpr std::uint64_t kRounds = 60'000;
  const Recording recording(file("stopped.db"));
  RunningProgram running(recording_command(
      in_directory({test_program("published_counter"), file("shared"), std::to_string(kRounds)}),
      recording.path(), {"--trace", "--trace-full", GetParam(), "--trace-ring", "65536"}));
  pid_t target = 0;
  ASSERT_TRUE(
      wait_until([&] { return published_rounds(file("shared"), target) > 1000 && target != 0; }));
  kill(running.pid(), SIGSTOP);
  EXPECT_TRUE(wait_until([&] {
    return published_rounds(file("shared"), target) == kRounds * PUBLISHED_THREADS;
  })) << "the target hangs";
  kill(running.pid(), SIGCONT);
  const Finished finished = running.finish();
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
  EXPECT_GT(untraced(recording), 0);
  expect_gaps_account_for_all(recording);
}
INSTANTIATE_TEST_SUITE_P(When, CollectorStopped, ::testing::Values("block", "drop", "degrade"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_F(Trace, OfAKilledTargetGoesToTheLastEvent) {
  const Recording recording(file("killed.db"));
  RunningProgram running(
      recording_command(in_directory({test_program("published_counter"), file("shared")}),
                        recording.path(), {"--trace"}));
  pid_t target = 0;
  ASSERT_TRUE(wait_until(
      [&] { return published_rounds(file("shared"), target) > 100'000 && target != 0; }));
  kill(target, SIGKILL);
  EXPECT_EQ(running.finish().exit_status, 128 + SIGKILL);
  const Replay sum = replay(recording);
  EXPECT_EQ(sum.twice_live, 0U);
  EXPECT_EQ(sum.gaps, 0);
  // Each thread may have been between counting and tracing.
  constexpr std::int64_t kThreads = PUBLISHED_THREADS + 1;
  EXPECT_LE(std::abs(sum.allocations - number(recording, "allocations")), kThreads);
  EXPECT_LE(std::abs(sum.frees - number(recording, "frees")), kThreads);
}

// A collector that dies has taken events, and gaps, that it has not written. Whatever of the
// recording is named, the rest is found, and what is missing adds up.
class CollectorKilled : public Trace, public ::testing::WithParamInterface<const char*> {};

TEST_P(CollectorKilled, IsRecoveredAndTheGapsAccountForAll) {
  const std::string named = GetParam();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const TemporaryDirectory sessions;
  const Recording begun(file("recovered.db"));
  const Recording recording(named == "session into another" ? file("other.db") : begun.path());
  Command command =
      recording_command(in_directory({test_program("published_counter"), file("shared"), "150000"}),
                        begun.path(), {"--trace", "--trace-full", "drop", "--trace-ring", "1KiB"});
  command.environment["HEAPSCRIBE_SESSION_DIR"] = sessions.path();
  RunningProgram running(command);
  pid_t target = 0;
  ASSERT_TRUE(wait_until(
      [&] { return published_rounds(file("shared"), target) > 100'000 && target != 0; }));
  kill(running.pid(), SIGKILL);
  running.finish();
  int status = -1;
  EXPECT_EQ(waitpid(target, &status, 0), target);
  EXPECT_EQ(status, 0) << "the target came to harm";
  EXPECT_EQ(untraced(begun), replay(begun).lost) << "in what was written by then";
  std::filesystem::path session;
  for (const auto& entry : std::filesystem::directory_iterator(sessions.path())) {
    session = entry.path();
  }
  std::vector<std::string> words = {heapscribe_command(), "recover",
                                    named == "database" ? begun.path() : session};
  if (recording.path() != begun.path()) words.insert(words.end(), {"-o", recording.path()});
  const std::int64_t written = replay(begun).events;
  const Finished recover = run({.arguments = words});
  ASSERT_EQ(recover.exit_status, 0) << describe(recover);
  EXPECT_EQ(recording.integrity(), "ok");
  EXPECT_GE(replay(recording).events, written);
  EXPECT_FALSE(exists(session));
  expect_gaps_account_for_all(recording);
}
INSTANTIATE_TEST_SUITE_P(Named, CollectorKilled,
                         ::testing::Values("database", "session", "session into another"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

TEST_F(Trace, OfARunningProgramHasItsLossesWithItsGaps) {
  RunningProgram running(recording_command(
      in_directory({test_program("published_counter"), file("shared"), "400000"}),
      file("running.db"), {"--trace", "--trace-full", "drop", "--trace-ring", "1KiB"}));
  const Recording recording(file("running.db"));
  pid_t target = 0;
  ASSERT_TRUE(wait_until(
      [&] { return published_rounds(file("shared"), target) > 200'000 && target != 0; }));
  // Both from one moment: the collector goes on writing.
  const std::int64_t difference = recording.integer(
      "SELECT (SELECT events FROM loss WHERE kind = 'untraced_events')"
      " - (SELECT coalesce(sum(lost), 0) FROM trace_chunk)");
  EXPECT_EQ(difference, 0);
  EXPECT_EQ(running.finish().exit_status, 0);
  expect_gaps_account_for_all(recording);
}

TEST_F(Trace, IsPrintedAndFiltered) {
  const RecordedRun run = traced(in_directory({sample_program("leaky_cache")}));
  const auto trace = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {heapscribe_command(), "trace", run.recording.path()});
    return tests::run({.arguments = options});
  };
  const auto lines = [&](const std::vector<std::string>& options) {
    const Finished finished = trace(options);
    EXPECT_EQ(finished.exit_status, 0) << describe(finished);
    return std::count(finished.out.begin(), finished.out.end(), '\n');
  };
  const auto events = counted_events(run.recording);
  EXPECT_EQ(lines({"--format", "json"}), events);
  EXPECT_EQ(lines({"--format", "csv"}), events + 1);
  EXPECT_EQ(lines({"--format", "json", "--limit", "7"}), 7);
  EXPECT_EQ(lines({"--format", "json", "--thread", "1"}), events);
  EXPECT_EQ(lines({"--format", "json", "--thread", "2"}), 0);
  EXPECT_EQ(lines({"--format", "json", "--from", "1000"}), 0);
  EXPECT_EQ(lines({"--format", "json", "--to", "1000"}), events);
  EXPECT_EQ(lines({"--format", "json", "--to", "1000s"}), events);
  const auto site = run.recording.integer("SELECT id FROM site WHERE allocations = 1000 AND frees");
  EXPECT_EQ(lines({"--format", "json", "--site", std::to_string(site)}), 2000);
  const std::string text = trace({}).out;
  EXPECT_NE(text.find("no event is missing"), std::string::npos) << text;
  expect_refusal(trace({"--address", "here"}));
  expect_refusal(trace({"--from", "s"}));
  const std::string named =
      trace({"--format", "json", "--names", "--site", std::to_string(site)}).out;
  EXPECT_NE(named.find(R"("kind":"new[]","function":"(anonymous namespace)::handle_request)"),
            std::string::npos)
      << named.substr(0, 400);
  EXPECT_NE(trace({"--format", "csv", "--names"}).out.find(",kind,function\n"), std::string::npos);

  const RecordedRun plain = run_recorded(in_directory({sample_program("leaky_cache")}));
  expect_refusal(
      tests::run({.arguments = {heapscribe_command(), "trace", plain.recording.path()}}));
}

}  // namespace
}  // namespace heapscribe::tests
