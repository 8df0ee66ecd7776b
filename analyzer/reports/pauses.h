// What held the program up: stalled allocator calls, release storms, the recorder's own work. What
// a garbage collector's log tells, for memory that is managed by hand.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::reports {

enum class PauseKind { Stall, ReleaseStorm, Profiler };
inline constexpr std::array<std::string_view, 3> kPauseKinds = {"stall", "release_storm",
                                                                "profiler"};

// A site whose blocks a storm released, and about how many of them.
struct ReclaimedPart {
  model::SiteId site;
  double share = 0;
};

struct Pause {
  PauseKind kind{};
  std::string cause;  // the call that stalled, or what the recorder did
  model::Nanoseconds start, duration;
  model::Nanoseconds interrupted;  // of it: gaps of a storm, in which the thread did not run
  std::int64_t thread = 0;
  model::Bytes bytes;   // reclaimed
  model::Count blocks;  // reclaimed
  model::Bytes size;    // asked for by the call
  std::int64_t stands_for = 1;
  bool continues = false;  // a storm: nothing was allocated since this thread's storm before
  model::StackId stack;
  model::AddressId address;
  std::int64_t depth = 0;
  std::vector<ReclaimedPart> parts{};

  std::int64_t end() const { return start.value + duration.value; }
};

// Storms of a thread that belong together: the second continues the first, the gap is at most
// kLongestGap, and all gaps together are at most kMostGaps times what lies between them. Such gaps
// are the scheduler's, or a wait within a destructor. `pauses` is sorted by time.
inline constexpr std::int64_t kLongestGap = 100'000'000;
inline constexpr std::int64_t kMostGaps = 4;
std::vector<Pause> joined_storms(std::vector<Pause> pauses);

// A release within a storm that was found by chance to take long belongs to the storm: it would
// stand for many pauses beside it.
std::vector<Pause> without_parts_of_storms(std::vector<Pause> pauses);

struct PausePercentiles {
  model::Count events;             // estimated, where some stand for several
  model::Count listed, by_chance;  // events as such; of them: found by chance
  model::Nanoseconds listed_time;
  model::Nanoseconds total, p50, p90, p95, p99, longest;
  model::Bytes bytes;
  model::Count blocks;
};
// No kind = all of them.
PausePercentiles percentiles_of(const std::vector<Pause>& pauses, std::optional<PauseKind> kind);

// Calls of one kind. What lies in large calls is exact; the rest is a sample, scaled to the calls
// that there were.
struct LatencyStep {
  std::int64_t lower_ns = 0, upper_ns = 0;
  double calls = 0;  // estimated
};
struct Quantile {
  std::int64_t ns = 0;             // upper bound of the step it falls into
  std::int64_t low = 0, high = 0;  // with 95 % certainty; steps, too
};
struct CallLatency {
  std::string call;
  model::Count calls;    // all
  model::Count timed;    // of them: large ones, each
  model::Count sampled;  // of them: others, by chance
  double mean_ns = 0;
  Quantile p50, p90, p99, p999;
  std::int64_t longest_ns = 0;
  std::vector<LatencyStep> steps;
};

struct Utilization {
  std::int64_t window_ns = 0;
  double process = 1;  // a moment is lost if any thread is held up
  double thread = 1;   // of the thread that it is least of
};

// Blocks that storms released, by their age. Births are not recorded: these are bounds from the
// sites' live blocks and allocations over time.
struct Generation {
  std::string name;          // young, middle, old
  std::int64_t from_ns = 0;  // age
  std::optional<std::int64_t> to_ns;
  double least = 0, most = 0;  // blocks
};
inline constexpr std::int64_t kMiddleAge = 1'000'000'000, kOldAge = 10'000'000'000;

struct OwnTime {
  std::string cause;
  model::Count times;
  model::Nanoseconds time;
};

enum class PauseVerdict { None, Storms, StormAtExit, FreeStalls, CallStalls, Profiler };

struct PausesReport {
  bool recorded = false;
  std::string mode;
  model::Nanoseconds duration, threshold;
  model::Nanoseconds clock_stopped;  // 0 = never
  model::Count lost;
  model::Count threads;
  std::array<PausePercentiles, 3> kinds;
  PausePercentiles all;
  std::vector<CallLatency> latencies;
  std::vector<Utilization> utilization;
  std::vector<Generation> generations;
  double generation_blocks = 0;  // that they speak of
  std::vector<OwnTime> own;
  double own_ns_per_call = 0;  // estimated
  double own_share = 0;        // of the run, all threads together
  model::Nanoseconds timer;
  std::vector<Pause> events;                         // all, longest first
  std::array<std::vector<std::int64_t>, 3> picture;  // ns paused in equal parts of the run
  PauseVerdict verdict = PauseVerdict::None;
  const Pause* worst = nullptr;  // what it is about; one of `events`
  std::string place;             // function to blame for it, "" = unknown
  PausePercentiles there;        // of the pauses of its kind in that function
};

inline constexpr std::size_t kPictureParts = 60;

// Time was read.
bool has_pauses(model::CaptureReader& reader);

PausesReport collect_pauses(model::CaptureReader& reader);

}  // namespace heapscribe::reports
