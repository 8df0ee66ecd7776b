#include "analyzer/reports/comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <optional>

#include "analyzer/model/file_name.h"
#include "analyzer/model/stable_name.h"
#include "analyzer/queries/queries.h"
#include "analyzer/reports/trend.h"

namespace heapscribe::reports {
namespace {

constexpr double kSignificant = 0.05;
constexpr double kWorthSaying = 0.01;  // of the median before

// Twice the ranks, so that those of equal values are whole numbers too.
std::vector<std::size_t> doubled_ranks(const std::vector<double>& values) {
  std::vector<std::size_t> ranks;
  for (const double value : values) {
    const auto less =
        std::count_if(values.begin(), values.end(), [&](double other) { return other < value; });
    const auto equal = std::count(values.begin(), values.end(), value);
    ranks.push_back(static_cast<std::size_t>(2 * less + equal + 1));
  }
  return ranks;
}

// How many ways there are to choose `chosen` of the ranks with each sum.
std::vector<double> ways_by_sum(const std::vector<std::size_t>& ranks, std::size_t chosen) {
  const std::size_t most = std::accumulate(ranks.begin(), ranks.end(), std::size_t{0});
  std::vector<std::vector<double>> ways(chosen + 1, std::vector<double>(most + 1));
  ways[0][0] = 1;
  for (const std::size_t rank : ranks) {
    for (std::size_t count = chosen; count > 0; --count) {
      for (std::size_t sum = most; sum >= rank; --sum) {
        ways[count][sum] += ways[count - 1][sum - rank];
      }
    }
  }
  return ways[chosen];
}

double smallest_p(std::size_t before, std::size_t after) {
  double ways = 1;
  for (std::size_t k = 1; k <= after; ++k) {
    ways *= static_cast<double>(before + k) / static_cast<double>(k);
  }
  return 2 / ways;
}

Outcome direction(const Compared& compared) {
  return compared.change() > 0 ? Outcome::Higher : Outcome::Lower;
}

bool are_apart(const Compared& compared) {
  const double gap = std::max(compared.after.lowest - compared.before.highest,
                              compared.before.lowest - compared.after.highest);
  return gap > std::max(compared.before.width(), compared.after.width());
}

Outcome outcome_of(const Compared& compared, std::size_t before, std::size_t after) {
  if (!compared.known()) return Outcome::Unknown;
  if (compared.before.width() == 0 && compared.after.width() == 0 && compared.change() == 0) {
    return Outcome::Same;
  }
  if (std::min(before, after) < 2) return Outcome::Unknown;
  const bool differs = compared.tested ? compared.p < kSignificant : are_apart(compared);
  const bool matters = std::abs(compared.change()) >= kWorthSaying * compared.before.median;
  return differs && matters ? direction(compared) : Outcome::WithinNoise;
}

// Metrics ---------------------------------------------------------------------------------------

struct Metric {
  const char* name;
  ComparedUnit unit;
  std::optional<double> (*value)(model::CaptureReader&);
};

std::optional<double> number(model::Bytes value) {
  return static_cast<double>(value.value);
}

std::optional<double> number(model::Count value) {
  return static_cast<double>(value.value);
}

// Where /proc could not be read there is no reading above 0.
std::optional<double> highest_resident(model::CaptureReader& reader) {
  const std::int64_t bytes =
      reader.database().integer("SELECT ifnull(max(rss_bytes), 0) FROM timeline");
  return bytes > 0 ? std::optional(static_cast<double>(bytes)) : std::nullopt;
}

constexpr double kSecond = 1e9;

const Metric kMetrics[] = {
    {"peak_bytes", ComparedUnit::Bytes,
     [](model::CaptureReader& r) { return number(r.totals().peak_bytes); }},
    {"live_bytes", ComparedUnit::Bytes,
     [](model::CaptureReader& r) { return number(r.totals().live_bytes); }},
    {"live_blocks", ComparedUnit::Count,
     [](model::CaptureReader& r) { return number(r.totals().live_blocks); }},
    {"allocated_bytes", ComparedUnit::Bytes,
     [](model::CaptureReader& r) { return number(r.totals().allocated_bytes); }},
    {"allocations", ComparedUnit::Count,
     [](model::CaptureReader& r) { return number(r.totals().allocations); }},
    {"temporary", ComparedUnit::Count,
     [](model::CaptureReader& r) { return number(r.totals().temporary); }},
    {"reallocations", ComparedUnit::Count,
     [](model::CaptureReader& r) { return number(r.totals().reallocations); }},
    {"resident_bytes", ComparedUnit::Bytes, highest_resident},
    {"duration_seconds", ComparedUnit::Seconds,
     [](model::CaptureReader& r) -> std::optional<double> {
       return static_cast<double>(r.totals().duration.value) / kSecond;
     }},
};

using Readers = std::span<model::CaptureReader* const>;

// Of the runs that tell it.
std::vector<double> values_of(const Metric& metric, Readers readers) {
  std::vector<double> values;
  for (model::CaptureReader* reader : readers) {
    if (const auto value = metric.value(*reader)) values.push_back(*value);
  }
  return values;
}

// Places ----------------------------------------------------------------------------------------

struct Draft {
  std::vector<double> before, after;
  model::SiteStack stack;
};

// All builds are taken for different: names must do.
std::string key_of(const model::SiteStack& stack) {
  const model::Frame& blamed = stack.blamed();
  return model::stable_name(blamed, false) + '\n' + model::file_name(blamed.file);
}

void add_places(Readers readers, DifferenceBy by, std::vector<double> Draft::*side,
                std::map<std::string, Draft>& drafts) {
  for (std::size_t run = 0; run < readers.size(); ++run) {
    model::CaptureReader& reader = *readers[run];
    const model::Moment end = model::find_moment(reader, "exit", std::nullopt);
    const auto held = model::held_at(reader, end);
    reader.frames().load_all();
    reader.stacks().load_all();
    auto rows = reader.database().prepare(queries::site_places);
    while (rows.step()) {
      const auto found = held.find(model::SiteId{rows.integer(0)});
      if (found == held.end()) continue;
      const model::SiteStack stack =
          model::site_stack(reader.stacks(), reader.frames(), model::StackId{rows.integer(1)},
                            model::AddressId{rows.integer(2)}, rows.integer(3));
      Draft& draft = drafts[key_of(stack)];
      if (draft.stack.frames.empty()) draft.stack = stack;
      (draft.*side).resize(readers.size());
      (draft.*side)[run] += static_cast<double>(value_of(found->second, by));
    }
  }
}

bool is_significant(const Compared& compared) {
  return compared.outcome == Outcome::Higher || compared.outcome == Outcome::Lower;
}

void order(std::vector<PlaceRow>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const PlaceRow& a, const PlaceRow& b) {
    const bool left = is_significant(a.values);
    const bool right = is_significant(b.values);
    if (left != right) return left;
    return std::abs(a.values.change()) > std::abs(b.values.change());
  });
}

}  // namespace

std::string_view name_of(Outcome outcome) {
  constexpr std::array<std::string_view, 5> kNames = {"higher", "lower", "within_noise", "same",
                                                      "unknown"};
  return kNames[static_cast<std::size_t>(outcome)];
}

Spread spread_of(std::span<const double> values) {
  if (values.empty()) return {};
  const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
  return {median_of({values.begin(), values.end()}), *lowest, *highest, true};
}

double exact_p(std::span<const double> before, std::span<const double> after) {
  std::vector<double> all(before.begin(), before.end());
  all.insert(all.end(), after.begin(), after.end());
  const std::vector<std::size_t> ranks = doubled_ranks(all);
  const std::size_t seen = std::accumulate(
      ranks.begin() + static_cast<std::ptrdiff_t>(before.size()), ranks.end(), std::size_t{0});
  const std::vector<double> ways = ways_by_sum(ranks, after.size());
  const double expected =
      static_cast<double>(after.size()) * static_cast<double>(all.size() + 1);  // doubled
  const double distance = std::abs(static_cast<double>(seen) - expected);
  double extreme = 0;
  double total = 0;
  for (std::size_t sum = 0; sum < ways.size(); ++sum) {
    total += ways[sum];
    if (std::abs(static_cast<double>(sum) - expected) >= distance) extreme += ways[sum];
  }
  return total > 0 ? extreme / total : 1;
}

Compared compare_values(std::span<const double> before, std::span<const double> after) {
  Compared compared;
  compared.before = spread_of(before);
  compared.after = spread_of(after);
  compared.tested =
      !before.empty() && !after.empty() && smallest_p(before.size(), after.size()) < kSignificant;
  if (compared.tested) compared.p = exact_p(before, after);
  compared.outcome = outcome_of(compared, before.size(), after.size());
  return compared;
}

Comparison compare_runs(Readers before, Readers after, DifferenceBy by) {
  Comparison comparison;
  comparison.runs_before = before.size();
  comparison.runs_after = after.size();
  comparison.by = by;
  for (const Metric& metric : kMetrics) {
    MetricRow row{metric.name, compare_values(values_of(metric, before), values_of(metric, after))};
    row.values.unit = metric.unit;
    comparison.metrics.push_back(std::move(row));
  }
  std::map<std::string, Draft> drafts;
  add_places(after, by, &Draft::after, drafts);
  add_places(before, by, &Draft::before, drafts);
  for (auto& [key, draft] : drafts) {
    draft.before.resize(before.size());
    draft.after.resize(after.size());
    PlaceRow row{std::move(draft.stack), compare_values(draft.before, draft.after)};
    row.values.unit = by == DifferenceBy::Allocations ? ComparedUnit::Count : ComparedUnit::Bytes;
    comparison.rows.push_back(std::move(row));
  }
  comparison.places.value = static_cast<std::int64_t>(comparison.rows.size());
  order(comparison.rows);
  return comparison;
}

}  // namespace heapscribe::reports
