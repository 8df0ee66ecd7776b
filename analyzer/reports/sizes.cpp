#include "analyzer/reports/sizes.h"

#include <algorithm>

#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

std::vector<SizeClass> read_classes(capture::Database& database) {
  std::vector<SizeClass> classes;
  auto rows = database.prepare(queries::sizes);
  while (rows.step()) {
    classes.push_back({{rows.integer(0)}, {rows.integer(1)}, {rows.integer(2)}});
  }
  return classes;
}

// The stored classes end at every power of two, so each fits into one doubling.
std::vector<SizeClass> fold_into_doublings(const std::vector<SizeClass>& classes) {
  std::vector<SizeClass> doublings;
  for (const SizeClass& narrow : classes) {
    std::int64_t upper = 16;
    while (upper < narrow.upper.value && upper < (std::int64_t{1} << 62)) upper *= 2;
    if (doublings.empty() || doublings.back().upper.value != upper) {
      doublings.push_back({{upper == 16 ? 0 : upper / 2 + 1}, {upper}, {}});
    }
    doublings.back().allocations += narrow.allocations;
  }
  return doublings;
}

std::vector<SizeClass> most_frequent(std::vector<SizeClass> classes,
                                     std::optional<std::int64_t> limit) {
  std::stable_sort(classes.begin(), classes.end(), [](const SizeClass& a, const SizeClass& b) {
    return a.allocations > b.allocations;
  });
  if (limit && *limit < static_cast<std::int64_t>(classes.size())) {
    classes.resize(static_cast<std::size_t>(*limit));
  }
  return classes;
}

}  // namespace

SizesReport collect_sizes(model::CaptureReader& reader, std::optional<std::int64_t> limit) {
  SizesReport report;
  const std::vector<SizeClass> classes = read_classes(reader.database());
  report.histogram = fold_into_doublings(classes);
  report.top = most_frequent(classes, limit);
  report.allocations = reader.totals().allocations;
  report.requested = reader.totals().allocated_bytes;
  report.usable = reader.totals().usable_bytes;
  if (!reader.knows_rounding()) return report;
  SitesReport slack = collect_sites(reader, {model::Measure::Slack, SiteScope::WithMeasure, limit});
  report.sites_with_slack = slack.sites;
  report.slack_sites = std::move(slack.rows);
  return report;
}

}  // namespace heapscribe::reports
