#include "analyzer/reports/pauses.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>

#include "analyzer/model/site_series.h"
#include "analyzer/queries/queries.h"
#include "analyzer/reports/utilization.h"

namespace heapscribe::reports {
namespace {

constexpr std::array<std::int64_t, 10> kWindowsMs = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};

bool has_pause_tables(capture::Database& database) {
  return database.integer("SELECT count(*) FROM sqlite_master WHERE name = 'pause'") != 0;
}

PauseKind kind_of(std::string_view text) {
  const auto* found = std::find(kPauseKinds.begin(), kPauseKinds.end(), text);
  const auto index = found == kPauseKinds.end()
                         ? kPauseKinds.size() - 1
                         : static_cast<std::size_t>(found - kPauseKinds.begin());
  return static_cast<PauseKind>(index);
}

std::vector<ReclaimedPart> read_parts(capture::Statement& query, std::int64_t source,
                                      std::int64_t number) {
  std::vector<ReclaimedPart> parts;
  double looks = 0;
  query.reset();
  query.bind_all(source, number);
  while (query.step()) {
    const auto of_site = static_cast<double>(query.integer(1));
    parts.push_back({{query.integer(0)}, of_site});
    looks += of_site;
  }
  for (ReclaimedPart& part : parts) part.share = looks > 0 ? part.share / looks : 0;
  return parts;
}

std::vector<Pause> read_pauses(capture::Database& database) {
  std::vector<Pause> pauses;
  auto rows = database.prepare(queries::pauses);
  auto sites = database.prepare(queries::pause_sites);
  while (rows.step()) {
    Pause pause;
    pause.kind = kind_of(rows.text(2));
    pause.cause = rows.text(3);
    pause.start = {rows.integer(4)};
    pause.duration = {rows.integer(5)};
    pause.thread = rows.integer(6);
    pause.bytes = {rows.integer(7)};
    pause.blocks = {rows.integer(8)};
    pause.size = {rows.integer(9)};
    pause.stands_for = std::max<std::int64_t>(rows.integer(10), 1);
    pause.continues = rows.integer(11) != 0;
    pause.stack = {rows.integer(12)};
    pause.address = {rows.integer(13)};
    pause.depth = rows.integer(14);
    if (pause.kind == PauseKind::ReleaseStorm) {
      pause.parts = read_parts(sites, rows.integer(0), rows.integer(1));
    }
    pauses.push_back(std::move(pause));
  }
  return pauses;
}

// Joining ----------------------------------------------------------------------------------------

// Two neighbours among one thread's storms.
struct Boundary {
  std::size_t left, right;  // of the pauses
  std::int64_t gap;
};

std::vector<Boundary> boundaries_of(const std::vector<Pause>& pauses) {
  std::vector<Boundary> boundaries;
  std::map<std::int64_t, std::size_t> last;  // by thread
  for (std::size_t i = 0; i < pauses.size(); ++i) {
    if (pauses[i].kind != PauseKind::ReleaseStorm) continue;
    const auto [entry, first] = last.try_emplace(pauses[i].thread, i);
    const std::size_t left = std::exchange(entry->second, i);
    const std::int64_t gap = pauses[i].start.value - pauses[left].end();
    if (first || !pauses[i].continues || gap < 0 || gap > kLongestGap) continue;
    boundaries.push_back({left, i, gap});
  }
  std::stable_sort(boundaries.begin(), boundaries.end(),
                   [](const Boundary& a, const Boundary& b) { return a.gap < b.gap; });
  return boundaries;
}

// Groups of storms that belong together, each named by its first.
class StormGroups {
 public:
  explicit StormGroups(const std::vector<Pause>& pauses) : groups_(pauses.size()) {
    for (std::size_t i = 0; i < pauses.size(); ++i) {
      groups_[i] = {i, pauses[i].duration.value - pauses[i].interrupted.value,
                    pauses[i].interrupted.value};
    }
  }
  std::size_t first_of(std::size_t storm) {
    while (groups_[storm].first != storm) {
      groups_[storm].first = groups_[groups_[storm].first].first;
      storm = groups_[storm].first;
    }
    return storm;
  }
  void join_if_fitting(const Boundary& boundary) {
    Group& left = groups_[first_of(boundary.left)];
    Group& right = groups_[first_of(boundary.right)];
    const std::int64_t gaps = left.gaps + right.gaps + boundary.gap;
    if (gaps > kMostGaps * (left.busy + right.busy)) return;
    left.gaps = gaps;
    left.busy += right.busy;
    right.first = left.first;
  }

 private:
  struct Group {
    std::size_t first = 0;
    std::int64_t busy = 0, gaps = 0;
  };
  std::vector<Group> groups_;
};

void add_parts(Pause& storm, const Pause& next) {
  const double all =
      static_cast<double>(std::max<std::int64_t>(storm.blocks.value + next.blocks.value, 1));
  const double share = static_cast<double>(next.blocks.value) / all;
  for (ReclaimedPart& part : storm.parts) part.share *= 1 - share;
  for (const ReclaimedPart& more : next.parts) {
    const auto known =
        std::find_if(storm.parts.begin(), storm.parts.end(),
                     [&](const ReclaimedPart& part) { return part.site == more.site; });
    if (known != storm.parts.end()) {
      known->share += more.share * share;
    } else {
      storm.parts.push_back({more.site, more.share * share});
    }
  }
}

// The longest part's stack stands for all.
void join(Pause& storm, const Pause& next, std::int64_t& longest) {
  storm.interrupted.value += next.start.value - storm.end();
  add_parts(storm, next);
  storm.duration.value = next.end() - storm.start.value;
  storm.bytes += next.bytes;
  storm.blocks += next.blocks;
  if (next.duration.value <= longest) return;
  longest = next.duration.value;
  storm.stack = next.stack;
  storm.address = next.address;
  storm.depth = next.depth;
}

// Percentiles ------------------------------------------------------------------------------------

struct Weighted {
  std::int64_t value, weight;
};

// The least value that `share` of all weight does not exceed: the nearest rank.
std::int64_t percentile(const std::vector<Weighted>& sorted, std::int64_t all, double share) {
  std::int64_t seen = 0;
  for (const Weighted& one : sorted) {
    seen += one.weight;
    if (static_cast<double>(seen) >= share * static_cast<double>(all)) return one.value;
  }
  return sorted.empty() ? 0 : sorted.back().value;
}

}  // namespace

// The shortest gaps first, so that no order of the pieces decides.
std::vector<Pause> joined_storms(std::vector<Pause> pauses) {
  StormGroups groups(pauses);
  for (const Boundary& boundary : boundaries_of(pauses)) groups.join_if_fitting(boundary);
  std::vector<Pause> result;
  std::unordered_map<std::size_t, std::pair<std::size_t, std::int64_t>> places;  // by first
  for (std::size_t i = 0; i < pauses.size(); ++i) {
    const std::size_t first = groups.first_of(i);
    if (first != i) {
      auto& [place, longest] = places.at(first);
      join(result[place], pauses[i], longest);
      continue;
    }
    places[i] = {result.size(), pauses[i].duration.value};
    result.push_back(std::move(pauses[i]));
  }
  return result;
}

std::vector<Pause> without_parts_of_storms(std::vector<Pause> pauses) {
  std::map<std::int64_t, std::vector<Interval>> storms;  // by thread
  for (const Pause& pause : pauses) {
    if (pause.kind != PauseKind::ReleaseStorm) continue;
    storms[pause.thread].push_back({pause.start.value, pause.end()});
  }
  for (auto& [thread, intervals] : storms) intervals = united(std::move(intervals));
  std::erase_if(pauses, [&](const Pause& pause) {
    if (pause.kind != PauseKind::Stall || pause.stands_for == 1) return false;
    const auto& of_thread = storms[pause.thread];
    const auto next =
        std::partition_point(of_thread.begin(), of_thread.end(),
                             [&](const Interval& storm) { return storm.end < pause.end(); });
    return next != of_thread.end() && next->begin <= pause.start.value;
  });
  return pauses;
}

PausePercentiles percentiles_of(const std::vector<Pause>& pauses, std::optional<PauseKind> kind) {
  PausePercentiles result;
  std::vector<Weighted> values;
  for (const Pause& pause : pauses) {
    if (kind && pause.kind != *kind) continue;
    values.push_back({pause.duration.value, pause.stands_for});
    result.events.value += pause.stands_for;
    ++result.listed.value;
    result.total.value += pause.duration.value * pause.stands_for;
    result.bytes.value += pause.bytes.value * pause.stands_for;
    result.blocks.value += pause.blocks.value * pause.stands_for;
  }
  std::sort(values.begin(), values.end(),
            [](const Weighted& left, const Weighted& right) { return left.value < right.value; });
  const auto at = [&](double share) {
    return model::Nanoseconds{percentile(values, result.events.value, share)};
  };
  for (const Pause& pause : pauses) {
    if (kind && pause.kind != *kind) continue;
    if (pause.stands_for > 1) ++result.by_chance.value;
    result.listed_time.value += pause.duration.value;
  }
  result.p50 = at(0.5);
  result.p90 = at(0.9);
  result.p95 = at(0.95);
  result.p99 = at(0.99);
  result.longest = at(1);
  return result;
}

namespace {

// Latencies --------------------------------------------------------------------------------------

std::int64_t all_calls(const model::CaptureReader& reader, std::string_view call) {
  const model::Totals& totals = reader.totals();
  if (call == "realloc") return totals.reallocations.value;
  if (call == "free") {
    return totals.frees.value + totals.unknown_frees.value - totals.reallocations.value;
  }
  return totals.allocations.value + totals.failed_calls.value - totals.reallocations.value;
}

// At the given number of calls from the fastest.
std::int64_t at_rank(const std::vector<LatencyStep>& steps, double rank) {
  double seen = 0;
  for (const LatencyStep& step : steps) {
    seen += step.calls;
    if (seen >= rank) return step.upper_ns;
  }
  return steps.empty() ? 0 : steps.back().upper_ns;
}

// The interval is that of a share estimated from a sample, by the normal approximation.
Quantile quantile(const CallLatency& latency, double share, double all) {
  const double sampled = static_cast<double>(std::max<std::int64_t>(latency.sampled.value, 1));
  const double error =
      latency.sampled.value == 0 ? 0 : 1.96 * std::sqrt(share * (1 - share) / sampled);
  return {at_rank(latency.steps, share * all),
          at_rank(latency.steps, std::max(share - error, 0.0) * all),
          at_rank(latency.steps, std::min(share + error, 1.0) * all)};
}

CallLatency& latency_of(std::vector<CallLatency>& latencies, const std::string& call) {
  for (CallLatency& latency : latencies) {
    if (latency.call == call) return latency;
  }
  latencies.push_back({});
  latencies.back().call = call;
  return latencies.back();
}

std::vector<CallLatency> read_latencies(model::CaptureReader& reader) {
  std::vector<CallLatency> latencies;
  for (const char* call : {"malloc", "free", "realloc"}) latency_of(latencies, call);
  std::map<std::string, std::array<double, 2>> sums;
  auto times = reader.database().prepare(queries::call_times);
  while (times.step()) {
    CallLatency& latency = latency_of(latencies, times.text(0));
    const bool sampled = times.integer(1) != 0;
    (sampled ? latency.sampled : latency.timed).value = times.integer(2);
    sums[latency.call][sampled ? 1 : 0] = static_cast<double>(times.integer(3));
    latency.longest_ns = std::max(latency.longest_ns, times.integer(4));
  }
  std::map<std::string, double> scales;
  for (CallLatency& latency : latencies) {
    // While a program runs, its totals may be older than its histograms.
    latency.calls.value =
        std::max(all_calls(reader, latency.call), latency.timed.value + latency.sampled.value);
    const auto others = static_cast<double>(latency.calls.value - latency.timed.value);
    const double scale =
        latency.sampled.value != 0 ? others / static_cast<double>(latency.sampled.value) : 0;
    scales[latency.call] = scale;
    const auto& sum = sums[latency.call];
    const double known = static_cast<double>(latency.timed.value) + (scale > 0 ? others : 0);
    latency.mean_ns = known > 0 ? (sum[0] + sum[1] * scale) / known : 0;
  }
  auto rows = reader.database().prepare(queries::call_latencies);
  while (rows.step()) {
    CallLatency& latency = latency_of(latencies, rows.text(0));
    const double calls =
        static_cast<double>(rows.integer(4)) * (rows.integer(1) != 0 ? scales[latency.call] : 1);
    if (!latency.steps.empty() && latency.steps.back().lower_ns == rows.integer(2)) {
      latency.steps.back().calls += calls;
    } else {
      latency.steps.push_back({rows.integer(2), rows.integer(3), calls});
    }
  }
  for (CallLatency& latency : latencies) {
    double all = 0;
    for (const LatencyStep& step : latency.steps) all += step.calls;
    latency.p50 = quantile(latency, 0.5, all);
    latency.p90 = quantile(latency, 0.9, all);
    latency.p99 = quantile(latency, 0.99, all);
    latency.p999 = quantile(latency, 0.999, all);
  }
  std::erase_if(latencies, [](const CallLatency& latency) { return latency.steps.empty(); });
  return latencies;
}

// Utilization ------------------------------------------------------------------------------------

std::vector<Utilization> utilizations(const std::vector<Pause>& pauses, std::int64_t run) {
  std::vector<Interval> all;
  std::map<std::int64_t, std::vector<Interval>> by_thread;
  for (const Pause& pause : pauses) {
    const Interval interval{std::max<std::int64_t>(pause.start.value, 0),
                            std::min(pause.end(), run)};
    all.push_back(interval);
    by_thread[pause.thread].push_back(interval);
  }
  all = united(std::move(all));
  for (auto& [thread, intervals] : by_thread) intervals = united(std::move(intervals));
  std::vector<Utilization> result;
  for (const std::int64_t window_ms : kWindowsMs) {
    Utilization row{.window_ns = window_ms * 1'000'000};
    row.process = minimum_utilization(all, run, row.window_ns);
    for (const auto& [thread, intervals] : by_thread) {
      row.thread = std::min(row.thread, minimum_utilization(intervals, run, row.window_ns));
    }
    result.push_back(row);
  }
  return result;
}

// Generations ------------------------------------------------------------------------------------

using model::SitePoint;

// A point says how things stood at the end of its step; `at` lies between two of them.
struct Around {
  SitePoint before{}, after{};
};
Around around(std::span<const SitePoint> points, std::int64_t at) {
  const auto next = std::partition_point(points.begin(), points.end(),
                                         [at](const SitePoint& point) { return point.ns < at; });
  Around found;
  if (next != points.begin()) found.before = *(next - 1);
  found.after = next != points.end() ? *next : found.before;
  return found;
}

struct Bounds {
  double least = 0, most = 0;
};

// Of `blocks` that were released at `at`, those that were older than `age`: at most as many as were
// alive then, and all that were not allocated since.
Bounds older_than(std::span<const SitePoint> points, double blocks, std::int64_t at,
                  std::int64_t age) {
  if (at < age) return {};
  const Around then = around(points, at - age);
  const Around now = around(points, at);
  const auto alive = static_cast<double>(
      std::max({then.before.live_blocks, then.after.live_blocks, std::int64_t{0}}));
  const auto since = static_cast<double>(
      std::max<std::int64_t>(now.after.allocations - then.before.allocations, 0));
  const double most = std::min(blocks, alive);
  return {std::min(std::max(blocks - since, 0.0), most), most};
}

void find_generations(model::CaptureReader& reader, PausesReport& report) {
  report.generations = {
      {"young", 0, kMiddleAge}, {"middle", kMiddleAge, kOldAge}, {"old", kOldAge, std::nullopt}};
  const model::SiteSeries series(reader);
  for (const Pause& pause : report.events) {
    if (pause.kind != PauseKind::ReleaseStorm) continue;
    for (const ReclaimedPart& part : pause.parts) {
      const double blocks = part.share * static_cast<double>(pause.blocks.value);
      const std::span<const SitePoint> points = series.of(part.site);
      const Bounds grown = older_than(points, blocks, pause.start.value, kMiddleAge);
      const Bounds old = older_than(points, blocks, pause.start.value, kOldAge);
      report.generation_blocks += blocks;
      report.generations[0].least += blocks - grown.most;
      report.generations[0].most += blocks - grown.least;
      report.generations[1].least += std::max(grown.least - old.most, 0.0);
      report.generations[1].most += std::max(grown.most - old.least, 0.0);
      report.generations[2].least += old.least;
      report.generations[2].most += old.most;
    }
  }
}

// The rest ---------------------------------------------------------------------------------------

void find_own_time(model::CaptureReader& reader, PausesReport& report) {
  auto rows = reader.database().prepare(queries::profiler_times);
  while (rows.step()) {
    report.own.push_back({rows.text(0), {rows.integer(1)}, {rows.integer(2)}});
  }
  std::int64_t sampled = 0;
  double calls = 0;
  for (const CallLatency& latency : report.latencies) {
    sampled += latency.sampled.value;
    calls += static_cast<double>(latency.calls.value);
  }
  if (sampled == 0) return;
  const auto total = static_cast<double>(reader.integer("sampled_recorder_ns").value_or(0));
  report.own_ns_per_call = total / static_cast<double>(sampled);
  if (report.duration.value <= 0) return;
  report.own_share = report.own_ns_per_call * calls / static_cast<double>(report.duration.value);
}

void draw(PausesReport& report) {
  for (auto& line : report.picture) line.assign(kPictureParts, 0);
  const std::int64_t run = report.duration.value;
  if (run <= 0) return;
  constexpr auto kParts = static_cast<std::int64_t>(kPictureParts);
  const auto border = [&](std::int64_t part) {
    return static_cast<std::int64_t>(static_cast<double>(run) * static_cast<double>(part) / kParts);
  };
  for (const Pause& pause : report.events) {
    auto& line = report.picture[static_cast<std::size_t>(pause.kind)];
    const double place = static_cast<double>(pause.start.value) * kParts / static_cast<double>(run);
    auto part = std::clamp<std::int64_t>(static_cast<std::int64_t>(place), 0, kParts - 1);
    for (; part < kParts && border(part) < pause.end(); ++part) {
      const std::int64_t begin = std::max(pause.start.value, border(part));
      const std::int64_t end = std::min(pause.end(), border(part + 1));
      line[static_cast<std::size_t>(part)] += std::max<std::int64_t>(end - begin, 0);
    }
  }
}

// Other threads may take their time: what holds up the first one counts, unless that is little.
const Pause* worst_of(const PausesReport& report, PauseKind kind) {
  constexpr std::int64_t kMuch = 1'000'000;
  const Pause* longest = nullptr;
  for (const Pause& pause : report.events) {
    if (pause.kind != kind) continue;
    if (longest == nullptr) longest = &pause;
    if (pause.thread == 1 && pause.duration.value >= kMuch) return &pause;
  }
  return longest;
}

std::string function_of(model::CaptureReader& reader, const Pause& pause) {
  if (!pause.stack.exists() || pause.stack == model::kUnrecordedStack) return {};
  return model::blamed_frame(reader.stacks(), reader.frames(), pause.stack, pause.address,
                             pause.depth)
      .function;
}

PauseVerdict verdict_on(const PausesReport& report) {
  constexpr std::int64_t kShort = 1'000'000;
  constexpr double kRare = 0.01;
  const Pause& worst = *report.worst;
  const model::Nanoseconds total = report.kinds[static_cast<std::size_t>(worst.kind)].listed_time;
  if (worst.duration.value < kShort && model::share(total, report.duration) < kRare) {
    return PauseVerdict::None;
  }
  if (worst.kind == PauseKind::Profiler) return PauseVerdict::Profiler;
  if (worst.kind == PauseKind::Stall) {
    return worst.cause == "free" ? PauseVerdict::FreeStalls : PauseVerdict::CallStalls;
  }
  constexpr std::int64_t kLastPart = 20;
  const std::int64_t left = report.duration.value - worst.end();
  const bool at_exit = left * kLastPart < report.duration.value && report.there.listed.value == 1;
  return at_exit ? PauseVerdict::StormAtExit : PauseVerdict::Storms;
}

// About the kind that took most time. What few finds by chance would add up to is luck.
void judge(model::CaptureReader& reader, PausesReport& report) {
  std::size_t most = 0;
  for (std::size_t kind = 1; kind < report.kinds.size(); ++kind) {
    if (report.kinds[kind].listed_time > report.kinds[most].listed_time) most = kind;
  }
  report.worst = worst_of(report, static_cast<PauseKind>(most));
  if (report.worst == nullptr) return;
  report.place = function_of(reader, *report.worst);
  std::vector<Pause> there;
  for (const Pause& pause : report.events) {
    const bool same = pause.kind == report.worst->kind && pause.thread == report.worst->thread;
    if (same && function_of(reader, pause) == report.place) there.push_back(pause);
  }
  report.there = percentiles_of(there, std::nullopt);
  report.verdict = verdict_on(report);
}

}  // namespace

bool has_pauses(model::CaptureReader& reader) {
  return has_pause_tables(reader.database()) &&
         reader.integer("pause_threshold_ns").value_or(0) != 0;
}

PausesReport collect_pauses(model::CaptureReader& reader) {
  PausesReport report;
  report.mode = reader.text("mode");
  report.recorded = has_pauses(reader);
  if (!report.recorded) return report;
  report.threshold = {reader.integer("pause_threshold_ns").value_or(0)};
  report.clock_stopped = {reader.integer("clock_stopped_ns").value_or(0)};
  report.lost = {reader.integer("pauses_lost").value_or(0)};
  report.timer = {reader.integer("timer_ns").value_or(0)};
  report.threads = reader.totals().threads;
  report.duration = reader.totals().duration;
  report.events = without_parts_of_storms(joined_storms(read_pauses(reader.database())));
  for (std::size_t kind = 0; kind < report.kinds.size(); ++kind) {
    report.kinds[kind] = percentiles_of(report.events, static_cast<PauseKind>(kind));
  }
  report.all = percentiles_of(report.events, std::nullopt);
  report.latencies = read_latencies(reader);
  report.utilization = utilizations(report.events, report.duration.value);
  std::stable_sort(
      report.events.begin(), report.events.end(),
      [](const Pause& left, const Pause& right) { return left.duration > right.duration; });
  find_generations(reader, report);
  find_own_time(reader, report);
  draw(report);
  judge(reader, report);
  return report;
}

}  // namespace heapscribe::reports
