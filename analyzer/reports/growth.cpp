#include "analyzer/reports/growth.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string>
#include <unordered_map>

#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

using Values = std::span<const double>;

constexpr double kLate = 0.6;       // of the run
constexpr double kShortestRun = 5;  // seconds
constexpr std::size_t kFewestReadings = 10;
constexpr std::size_t kFewestRises = 8;
constexpr double kSlowingDown = 0.5;
constexpr std::size_t kTrendPoints = 60;  // pairs grow with their square
constexpr double kNoiseOfLevel = 0.02;

double highest(Values values) {
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

double lowest(Values values) {
  return values.empty() ? 0 : *std::min_element(values.begin(), values.end());
}

double mean(Values values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double growth_of(Values values) {
  return values.empty() ? 0 : values.back() - values.front();
}

// What changes from step to step; one fewer than values.
std::vector<double> steps_of(Values totals) {
  std::vector<double> steps;
  for (std::size_t at = 1; at < totals.size(); ++at) steps.push_back(totals[at] - totals[at - 1]);
  return steps;
}

// The run and its late part, as every rule looks at it.
struct Look {
  const model::Series& series;
  std::size_t late;  // first step of it
  double seconds;

  Values bytes() const { return series.live_bytes; }
  Values late_bytes() const { return bytes().subspan(late); }
  Values late_part(std::size_t number, std::size_t of) const {
    const std::size_t begin = late_bytes().size() * number / of;
    const std::size_t end = late_bytes().size() * (number + 1) / of;
    // With the last value of the part before, so that growth between the two is somebody's.
    const std::size_t from = begin > 0 ? begin - 1 : 0;
    return late_bytes().subspan(from, end - from);
  }
  double late_growth() const { return growth_of(late_bytes()); }
  double seconds_at(std::size_t step) const {
    return static_cast<double>(step + 1) * series.step_seconds;
  }
};

Trend late_trend(const Look& look) {
  std::vector<double> means;
  const std::size_t width = thin_out(look.late_bytes(), kTrendPoints, means);
  Trend trend = find_trend(means);
  const double per_second = 1 / (static_cast<double>(width) * look.series.step_seconds);
  for (double* slope : {&trend.slope, &trend.low, &trend.high}) *slope *= per_second;
  return trend;
}

std::size_t count_rises(Values values) {
  std::size_t rises = 0;
  for (std::size_t at = 1; at < values.size(); ++at) {
    if (values[at] > values[at - 1]) ++rises;
  }
  return rises;
}

double slowdown_of(const Look& look) {
  const double first = growth_of(look.late_part(0, 2));
  const double second = growth_of(look.late_part(1, 2));
  if (first <= 0) return second > 0 ? 1 : 0;
  return second / first;
}

bool rises_to_the_end(const Look& look) {
  std::array<bool, 4> rose{};
  for (std::size_t part = 0; part < rose.size(); ++part) {
    rose[part] = growth_of(look.late_part(part, rose.size())) > 0;
  }
  return rose[3] && rose[2] && (rose[1] || rose[0]);
}

double first_reached(const Look& look, double level) {
  const Values values = look.bytes();
  const auto found =
      std::find_if(values.begin(), values.end(), [&](double value) { return value >= level; });
  return found == values.end() ? look.seconds
                               : look.seconds_at(static_cast<std::size_t>(found - values.begin()));
}

// Late, in blocks.
struct Turnover {
  double allocations = 0, frees = 0, mean_blocks = 0;
};

Turnover turnover_of(const Look& look) {
  const Values blocks = Values(look.series.live_blocks).subspan(look.late);
  const Values totals = Values(look.series.allocations).subspan(look.late);
  const double made = growth_of(totals);
  return {made, made - growth_of(blocks), mean(blocks)};
}

GrowthFacts measure(const Look& look) {
  GrowthFacts facts;
  facts.trend = late_trend(look);
  facts.late_seconds = static_cast<double>(look.late_bytes().size()) * look.series.step_seconds;
  facts.ceiling = highest(look.bytes());
  facts.late_mean = mean(look.late_bytes());
  facts.late_growth = look.late_growth();
  facts.grown_at = first_reached(look, 0.9 * look.bytes().back());
  facts.slowdown = slowdown_of(look);
  facts.rises = count_rises(look.late_bytes());
  const Turnover turnover = turnover_of(look);
  facts.turnover = turnover.frees;
  if (turnover.allocations > 0) {
    facts.residence = turnover.mean_blocks * facts.late_seconds / turnover.allocations;
  }
  return facts;
}

// The rules -------------------------------------------------------------------------------------

bool keeps_growing(const Look& look, const GrowthFacts& facts) {
  return facts.trend.rises() && facts.rises >= kFewestRises && rises_to_the_end(look) &&
         facts.slowdown >= kSlowingDown;
}

// Means of three: a wave may be read a step too early or too late.
std::vector<double> smoothed(const std::vector<double>& values) {
  std::vector<double> means;
  for (std::size_t at = 1; at + 1 < values.size(); ++at) {
    means.push_back((values[at - 1] + values[at] + values[at + 1]) / 3);
  }
  return means;
}

// A leak in steps has a rhythm too, but what rises in it does not fall again.
bool falls_again(Values bytes) {
  constexpr double kHalf = 0.5;
  double rose = 0;
  double fell = 0;
  for (const double step : steps_of(bytes)) (step > 0 ? rose : fell) += std::abs(step);
  return fell >= kHalf * rose;
}

bool frees_what_it_makes(Values blocks, Values allocations) {
  constexpr double kNearlyNothing = 0.1;
  return growth_of(blocks) <= kNearlyNothing * growth_of(allocations);
}

bool find_period_in(const Look& look, GrowthFacts& facts) {
  constexpr double kNearlyEmpty = 0.25;
  constexpr double kDense = 1;
  const std::size_t settled = look.bytes().size() / 10;
  const Values bytes = look.bytes().subspan(settled);
  Period period;
  if (lowest(bytes) < kNearlyEmpty * facts.ceiling && falls_again(bytes)) {
    period = find_period(bytes);
  }
  const Values blocks = Values(look.series.live_blocks).subspan(settled);
  const Values allocations = Values(look.series.allocations).subspan(settled);
  if (period.steps == 0 && frees_what_it_makes(blocks, allocations)) {
    const std::vector<double> rate = smoothed(steps_of(allocations));
    const double usual = mean(rate);
    // A steady stream that trembles is no rhythm: most steps must be quiet against the busy ones.
    if (usual > 0 && median_of(rate) < kNearlyEmpty * usual && highest(rate) > kDense * usual) {
      period = find_period(rate);
      facts.period_of_rate = period.steps != 0;
    }
  }
  facts.period = period.steps * look.series.step_seconds;
  facts.correlation = period.correlation;
  return period.steps != 0;
}

// What programs do first happens once.
bool is_start(const Look& look, std::size_t step) {
  constexpr double kStart = 0.05;
  return look.seconds_at(step) <= std::max(kStart * look.seconds, 4 * look.series.step_seconds);
}

// Most of the work in a short time.
bool is_burst_of_rate(const Look& look, GrowthFacts& facts) {
  constexpr double kMost = 0.5;
  constexpr double kFewSteps = 0.1;
  constexpr double kFewestBlocks = 100;
  const std::vector<double> rate = steps_of(look.series.allocations);
  const double total = look.series.allocations.back();
  if (total < kFewestBlocks) return false;
  const auto window = static_cast<std::size_t>(
      std::max(1.0, std::floor(kFewSteps * static_cast<double>(rate.size()))));
  double sum = 0;
  double most = 0;
  std::size_t end_of_most = window;
  for (std::size_t at = 0; at < rate.size(); ++at) {
    sum += rate[at];
    if (at >= window) sum -= rate[at - window];
    if (sum > most && at + 1 >= window) {
      most = sum;
      end_of_most = at + 1;
    }
  }
  if (most < kMost * total || is_start(look, end_of_most - window)) return false;
  facts.burst_at = look.seconds_at(end_of_most - window);
  facts.burst_seconds = static_cast<double>(window) * look.series.step_seconds;
  facts.burst_share = most / total;
  return true;
}

// Memory that came and went again.
bool is_burst_of_memory(const Look& look, GrowthFacts& facts) {
  constexpr double kShort = 0.2;
  const Values bytes = look.bytes();
  const double half = facts.ceiling / 2;
  if (facts.ceiling < kLeastGrowth || bytes.back() >= half) return false;
  const auto above = [&](double value) { return value >= half; };
  const auto first = std::find_if(bytes.begin(), bytes.end(), above);
  const auto last = std::find_if(bytes.rbegin(), bytes.rend(), above).base();
  const auto length = static_cast<double>(last - first);
  if (is_start(look, static_cast<std::size_t>(first - bytes.begin()))) return false;
  if (length > kShort * static_cast<double>(bytes.size())) return false;
  facts.burst_at = look.seconds_at(static_cast<std::size_t>(first - bytes.begin()));
  facts.burst_seconds = length * look.series.step_seconds;
  return true;
}

// Memory that came at once and stayed for longer. What comes at the very end may be the first of
// more.
bool is_jump_of_memory(const Look& look, GrowthFacts& facts) {
  constexpr double kNearlyAll = 0.9;
  constexpr std::size_t kTenth = 10;
  const Values bytes = look.bytes();
  if (facts.ceiling < kLeastGrowth) return false;
  for (std::size_t width = 1; width <= bytes.size() / kTenth; ++width) {
    for (std::size_t end = width; end + bytes.size() / kTenth < bytes.size(); ++end) {
      const double rise = bytes[end] - bytes[end - width];
      if (rise < kNearlyAll * facts.ceiling || is_start(look, end - width)) continue;
      facts.burst_at = look.seconds_at(end - width);
      facts.burst_seconds = static_cast<double>(width) * look.series.step_seconds;
      facts.burst_rise = rise;
      return true;
    }
  }
  return false;
}

bool is_bounded_cache(const Look& look, const GrowthFacts& facts) {
  constexpr double kLeastTurnover = 0.5;
  constexpr double kFewestFrees = 64;
  constexpr double kCeiling = 1.1;
  const Turnover turnover = turnover_of(look);
  return turnover.frees >= std::max(kLeastTurnover * turnover.mean_blocks, kFewestFrees) &&
         facts.residence > look.series.step_seconds && facts.late_mean >= kLeastGrowth &&
         highest(look.late_part(1, 2)) <= kCeiling * highest(look.late_part(0, 2));
}

bool was_there_early(const Look& look, const GrowthFacts& facts) {
  constexpr double kEarly = 0.1;
  return facts.grown_at <= std::max(kEarly * look.seconds, 2 * look.series.step_seconds);
}

bool is_warm_up(const Look& look, const GrowthFacts& facts) {
  constexpr double kHolds = 0.8;
  if (facts.late_mean < kLeastGrowth || was_there_early(look, facts)) return false;
  return look.bytes().back() >= kHolds * facts.ceiling;
}

// It grew until the end, but not often enough for a rule.
bool may_still_grow(const Look& look, const GrowthFacts& facts) {
  const bool rose_at_last = growth_of(look.late_part(1, 2)) > kNoiseOfLevel * facts.late_mean;
  return rose_at_last && look.late_growth() >= kLeastGrowth && facts.slowdown >= kSlowingDown &&
         look.bytes().back() >= highest(look.bytes());
}

Verdict verdict_of(const Look& look, GrowthFacts& facts) {
  if (keeps_growing(look, facts)) {
    return facts.late_growth >= kLeastGrowth ? Verdict::SteadyGrowth : Verdict::TooShort;
  }
  if (find_period_in(look, facts)) return Verdict::Periodic;
  if (is_burst_of_memory(look, facts) || is_jump_of_memory(look, facts)) return Verdict::Burst;
  if (may_still_grow(look, facts)) return Verdict::TooShort;
  if (is_bounded_cache(look, facts)) return Verdict::BoundedCache;
  if (is_burst_of_rate(look, facts)) return Verdict::Burst;
  return is_warm_up(look, facts) ? Verdict::WarmUp : Verdict::Stable;
}

// The recording ---------------------------------------------------------------------------------

constexpr std::int64_t kSecond = 1'000'000'000;

struct Grid {
  std::int64_t step_ns = 0;
  std::size_t steps = 0;
};

// Steps no shorter than readings were apart: what lies between two readings is not known. A program
// with many sites is read less often, since the collector may cost no more than it may.
Grid grid_of(const model::CaptureReader& reader) {
  constexpr std::int64_t kMostSteps = 300;
  constexpr std::int64_t kShortest = 100'000'000;
  const std::int64_t length = std::max<std::int64_t>(reader.totals().duration.value, 0);
  const std::int64_t stored = reader.integer("site_timeline_step_ns").value_or(kShortest);
  const std::int64_t readings = reader.integer("site_readings").value_or(0);
  const std::int64_t gap = readings > 0 ? length / readings : 0;
  const std::int64_t step = std::max({stored, kShortest, gap, length / kMostSteps});
  return {step, static_cast<std::size_t>(length / step)};
}

// Programs free much in their last moments, which says nothing about their life: of the last
// twentieth (half a second at least) only what comes before the highest point is looked at.
std::size_t steps_before_teardown(const model::Series& process) {
  constexpr std::size_t kPart = 20;
  constexpr double kDrop = 0.1;
  const Values bytes = process.live_bytes;
  if (bytes.empty()) return 0;
  const auto shortest = static_cast<std::size_t>(std::ceil(0.5 / process.step_seconds));
  const std::size_t tail = std::min(std::max(bytes.size() / kPart, shortest), bytes.size());
  const auto begin = bytes.end() - static_cast<std::ptrdiff_t>(tail);
  const auto top = std::max_element(begin, bytes.end());
  if (bytes.back() > (1 - kDrop) * *top) return bytes.size();
  return static_cast<std::size_t>(top - bytes.begin()) + 1;
}

// Sites with the same function to blame.
struct Place {
  std::vector<model::SiteId> sites;
  model::StackId stack;  // of the first, as the two below
  model::AddressId blame;
  std::int64_t depth = 0;
};

std::vector<Place> find_places(model::CaptureReader& reader) {
  reader.frames().load_all();
  std::vector<Place> places;
  std::unordered_map<std::string, std::size_t> index;
  auto rows = reader.database().prepare(queries::site_places);
  while (rows.step()) {
    const model::StackId stack{rows.integer(1)};
    const model::AddressId blame{rows.integer(2)};
    const std::int64_t depth = rows.integer(3);
    const model::Frame& frame =
        model::blamed_frame(reader.stacks(), reader.frames(), stack, blame, depth);
    const std::string key = frame.function + '\n' + frame.file + '\n' + frame.module;
    const auto [entry, is_new] = index.try_emplace(key, places.size());
    if (is_new) places.push_back({{}, stack, blame, depth});
    places[entry->second].sites.push_back({rows.integer(0)});
  }
  return places;
}

// See growth.h.
std::optional<double> survival_of(const model::SiteSeries& series,
                                  std::span<const model::SiteId> sites, std::int64_t end_ns) {
  double were = 0;
  double are = 0;
  for (const model::SiteId site : sites) {
    const auto points = series.of(site);
    const model::SitePoint half = model::SiteSeries::at(points, end_ns / 2);
    const model::SitePoint last = model::SiteSeries::at(points, end_ns);
    const std::int64_t freed =
        (last.allocations - last.live_blocks) - (half.allocations - half.live_blocks);
    were += static_cast<double>(half.live_blocks);
    are += static_cast<double>(std::max<std::int64_t>(half.live_blocks - freed, 0));
  }
  return were > 0 ? std::optional(are / were) : std::nullopt;
}

std::vector<std::int64_t> bars_of(Values values) {
  std::vector<std::int64_t> bars;
  const std::size_t count = std::min(kGrowthBars, values.size());
  for (std::size_t bar = 0; bar < count; ++bar) {
    const std::size_t begin = values.size() * bar / count;
    const std::size_t end = values.size() * (bar + 1) / count;
    bars.push_back(std::llround(std::max(highest(values.subspan(begin, end - begin)), 0.0)));
  }
  return bars;
}

void cut(model::Series& series, std::size_t steps) {
  for (auto* values : {&series.live_bytes, &series.live_blocks, &series.allocations}) {
    values->resize(std::min(steps, values->size()));
  }
}

// The stack of the first site: sites are ordered by what they hold.
GrowthRow row_of(model::CaptureReader& reader, const Place& place) {
  GrowthRow row;
  row.sites = place.sites;
  row.stack =
      model::site_stack(reader.stacks(), reader.frames(), place.stack, place.blame, place.depth);
  row.place = &row.stack.blamed();
  return row;
}

int severity(Verdict verdict) {
  switch (verdict) {
    case Verdict::SteadyGrowth:
      return 0;
    case Verdict::TooShort:
      return 1;
    case Verdict::WarmUp:
      return 2;
    case Verdict::BoundedCache:
      return 3;
    case Verdict::Periodic:
      return 4;
    case Verdict::Burst:
      return 5;
    case Verdict::Stable:
      return 6;
  }
  return 6;
}

void order(std::vector<GrowthRow>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const GrowthRow& a, const GrowthRow& b) {
    const int left = severity(a.facts.verdict);
    const int right = severity(b.facts.verdict);
    if (left != right) return left < right;
    if (left == 0) return a.facts.trend.slope > b.facts.trend.slope;
    return a.facts.ceiling > b.facts.ceiling;
  });
}

void find_limits(model::CaptureReader& reader, GrowthReport& report) {
  const auto group = reader.integer("memory_limit_bytes");
  const auto machine = reader.integer("memory_total_bytes");
  report.limit_is_of_group = group.has_value() && (!machine || *group < *machine);
  const auto limit = report.limit_is_of_group ? group : machine;
  if (limit) report.memory_limit = model::Bytes{*limit};
  report.resident.value = reader.database().integer(
      "SELECT rss_bytes FROM timeline WHERE rss_bytes > 0 ORDER BY ns DESC LIMIT 1");
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  constexpr std::array<std::string_view, 7> kNames = {
      "steady_growth", "warm_up", "bounded_cache", "burst", "periodic", "too_short", "stable"};
  return kNames[static_cast<std::size_t>(verdict)];
}

bool GrowthFacts::grew_late() const {
  return trend.rises() && late_growth >= kLeastGrowth;
}

GrowthFacts judge(const model::Series& series) {
  const auto late =
      static_cast<std::size_t>(std::floor((1 - kLate) * static_cast<double>(series.size())));
  const Look look{series, late, static_cast<double>(series.size()) * series.step_seconds};
  GrowthFacts facts;
  facts.ceiling = highest(series.live_bytes);
  facts.verdict = Verdict::TooShort;
  if (look.seconds < kShortestRun || series.size() - late < kFewestReadings) return facts;
  facts = measure(look);
  facts.verdict = verdict_of(look, facts);
  return facts;
}

GrowthReport find_growth(model::CaptureReader& reader) {
  GrowthReport report;
  const model::SiteSeries series(reader);
  const std::vector<Place> places = find_places(reader);
  const Grid grid = grid_of(reader);
  std::vector<model::SiteId> all;
  for (const Place& place : places) {
    all.insert(all.end(), place.sites.begin(), place.sites.end());
  }
  model::Series process = series.sum(all, grid.step_ns, grid.steps);
  const std::size_t steps = steps_before_teardown(process);
  cut(process, steps);
  report.process = judge(process);
  report.heap = bars_of(process.live_bytes);
  report.step_seconds = static_cast<double>(grid.step_ns) / static_cast<double>(kSecond);
  report.seconds = static_cast<double>(steps) * report.step_seconds;
  report.too_short = report.process.late_seconds == 0;
  report.sampled = reader.sample_mean().has_value();
  report.places.value = static_cast<std::int64_t>(places.size());
  const std::int64_t end_ns = grid.step_ns * static_cast<std::int64_t>(steps);
  for (const Place& place : places) {
    model::Series sum = series.sum(place.sites, grid.step_ns, grid.steps);
    cut(sum, steps);
    GrowthRow row = row_of(reader, place);
    row.facts = judge(sum);
    row.survival = survival_of(series, place.sites, end_ns);
    row.bars = bars_of(sum.live_bytes);
    if (steps > 0) {
      row.live_bytes.value = std::llround(sum.live_bytes.back());
      row.live_blocks.value = std::llround(sum.live_blocks.back());
    }
    report.rows.push_back(std::move(row));
  }
  order(report.rows);
  find_limits(reader, report);
  return report;
}

double GrowthReport::growth_per_second() const {
  double sum = 0;
  for (const GrowthRow& row : rows) {
    if (row.facts.verdict == Verdict::SteadyGrowth) sum += row.facts.trend.slope;
  }
  return sum;
}

std::optional<double> GrowthReport::seconds_until_full() const {
  const double rate = growth_per_second();
  if (!memory_limit || rate <= 0) return std::nullopt;
  return std::max(static_cast<double>((*memory_limit - resident).value), 0.0) / rate;
}

}  // namespace heapscribe::reports
