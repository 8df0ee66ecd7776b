// What becomes of the memory of a place: a verdict and why, from the series of its sites.
//
// The rules, in the order in which they are tried; "late" is the last 60 % of the run.
//
// clang-format off
//   too_short        less than 5 s or fewer than 10 readings late
//   steady_growth    the Theil-Sen slope of the late live bytes is above 0 with 95 % confidence
//                    (trend.h), they rose in at least 8 steps, in the last two quarters of late and
//                    in one before, at least half as fast in the second half of late as in the
//                    first, and by at least 4 KiB
//   too_short        the same by less than 4 KiB
//   periodic         live bytes come and go (down below a quarter of their maximum, and falling at
//                    least half as much as they rise), or blocks are made and nearly all freed,
//                    with a period (find_period in trend.h)
//   burst            live bytes that rose and fell to less than half again within a fifth of the
//                    run, or of which nine tenths came within a tenth of it; not in the first
//                    twentieth
//   too_short        it rose to the end, but too seldom to tell
//   bounded_cache    no trend, but turnover: late frees of at least half of the live blocks,
//                    which stay for longer than a step on average (Little's law, L = lambda W;
//                    Little, Operations Research 9 (1961)); the ceiling of the second half of late
//                    is at most 10 % above that of the first
//   burst            half of all allocations in a tenth of the time; not in the first twentieth
//   warm_up          it grew, and is flat or slows down since
//   stable           all else
// clang-format on
//
// Survival is a lower bound: of the blocks that a site held at half-time at most as many are gone
// as the site freed since.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/model/capture_reader.h"
#include "analyzer/model/site_series.h"
#include "analyzer/reports/trend.h"

namespace heapscribe::reports {

enum class Verdict { SteadyGrowth, WarmUp, BoundedCache, Burst, Periodic, TooShort, Stable };
std::string_view name_of(Verdict verdict);

// What a verdict rests on. Times in seconds since the start, rates per second.
struct GrowthFacts {
  Verdict verdict = Verdict::Stable;
  Trend trend;              // of live bytes, per second, late
  double late_seconds = 0;  // how long "late" is
  double ceiling = 0;       // highest live bytes
  double late_mean = 0;     // live bytes
  double late_growth = 0;   // live bytes
  double grown_at = 0;      // when 90 % of the last level was reached
  double slowdown = 1;      // slope of late's second half over its first
  std::size_t rises = 0;    // late steps in which live bytes rose
  double turnover = 0;      // late frees, in blocks
  double residence = 0;     // seconds that a block stays, on average; 0 = unknown
  double period = 0;        // seconds; 0 = none
  double correlation = 0;
  bool period_of_rate = false;  // allocations repeat, live bytes do not
  double burst_at = 0;          // when it was highest
  double burst_share = 0;       // of all allocations
  double burst_rise = 0;        // live bytes that came with it, if they stayed longer
  double burst_seconds = 0;

  // Enough to be told, whatever it is called.
  bool grew_late() const;
};

inline constexpr double kLeastGrowth = 4096;  // bytes, late

// Pure: the same series gives the same verdict.
GrowthFacts judge(const model::Series& series);

struct GrowthRow {
  const model::Frame* place = nullptr;  // never nullptr in a report
  GrowthFacts facts;
  std::vector<model::SiteId> sites;  // largest first
  model::SiteStack stack;            // of the first
  model::Bytes live_bytes;           // at the end of what was looked at
  model::Count live_blocks;
  std::optional<double> survival;  // nothing if nothing was live at half-time
  std::vector<std::int64_t> bars;  // live bytes, for a picture
};

struct GrowthReport {
  double seconds = 0;  // looked at
  double step_seconds = 0;
  bool too_short = false;  // the run as a whole
  bool sampled = false;
  model::Count places;
  std::vector<GrowthRow> rows;     // most severe first
  std::vector<std::int64_t> heap;  // live bytes of the process, for a picture
  GrowthFacts process;             // the same question about all sites together
  // What growth leads to; nothing if the recording does not tell.
  std::optional<model::Bytes> memory_limit;  // of the control group, else of the machine
  bool limit_is_of_group = false;
  model::Bytes resident;  // at the end

  double growth_per_second() const;  // of all steadily growing places
  std::optional<double> seconds_until_full() const;
};

inline constexpr std::size_t kGrowthBars = 16;

// model::select_sites() must have been called.
GrowthReport find_growth(model::CaptureReader& reader);

}  // namespace heapscribe::reports
