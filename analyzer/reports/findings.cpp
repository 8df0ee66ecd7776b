#include "analyzer/reports/findings.h"

#include <algorithm>
#include <functional>
#include <optional>

namespace heapscribe::reports {
namespace {

using model::Totals;
using Amount = std::function<std::int64_t(const Location&)>;

// What makes a kind of finding: the amount it looks at, the total it is a share of, and from where
// on it is worth a sentence.
struct Criterion {
  FindingKind kind;
  Amount amount;
  std::int64_t total;
  double least_share;
  double least_amount;
};

std::vector<Criterion> criteria(const Totals& totals, const Rules& rules) {
  return {
      {FindingKind::PeakHolder, [](const Location& l) { return l.measures.peak_bytes.value; },
       totals.peak_bytes.value, rules.peak_share, rules.peak_bytes},
      {FindingKind::Temporary, [](const Location& l) { return l.measures.temporary.value; },
       totals.allocations.value, rules.temporary_share, rules.temporary_calls},
      {FindingKind::Growth, [](const Location& l) { return l.reallocations.value; },
       totals.allocations.value, rules.growth_share, rules.growth_calls},
      {FindingKind::NeverFreed, [](const Location& l) { return l.measures.live_bytes.value; },
       totals.peak_bytes.value, rules.live_share, rules.live_bytes},
      {FindingKind::MostCalls, [](const Location& l) { return l.measures.allocations.value; },
       totals.allocations.value, rules.calls_share, rules.calls},
  };
}

model::Count saved_calls(FindingKind kind, const Location& location) {
  if (kind == FindingKind::Growth) return location.reallocations;
  // One block per site stays and is used again.
  if (kind == FindingKind::Temporary) {
    return {std::max<std::int64_t>(0, location.measures.temporary.value - location.sites.value)};
  }
  return {};
}

std::optional<Finding> find_largest(const std::vector<Location>& locations,
                                    const Criterion& criterion) {
  const auto less = [&](const Location& a, const Location& b) {
    return criterion.amount(a) < criterion.amount(b);
  };
  const auto largest = std::max_element(locations.begin(), locations.end(), less);
  if (largest == locations.end() || !largest->address.exists() || criterion.total <= 0) return {};
  const auto amount = static_cast<double>(criterion.amount(*largest));
  const double share = amount / static_cast<double>(criterion.total);
  if (share < criterion.least_share || amount < criterion.least_amount) return {};
  return Finding{criterion.kind, share, *largest, nullptr, saved_calls(criterion.kind, *largest)};
}

std::optional<Finding> find_slack(const Totals& totals, const Rules& rules) {
  const model::Bytes slack = totals.usable_bytes - totals.allocated_bytes;
  const double share = model::share(slack, totals.usable_bytes);
  if (share < rules.slack_share || static_cast<double>(slack.value) < rules.slack_bytes) return {};
  Location run;
  run.measures = totals.measures();
  run.usable_bytes = totals.usable_bytes;
  return Finding{FindingKind::Slack, share, run, nullptr, {}};
}

bool same_place(const Location& a, const Location& b) {
  return a.address == b.address && a.depth == b.depth;
}

// "Most calls" at a place whose temporaries or growth are reported says the same thing twice.
void drop_repeated_calls(std::vector<Finding>& findings) {
  const auto repeated = [&](const Finding& finding) {
    return finding.kind == FindingKind::MostCalls &&
           std::any_of(findings.begin(), findings.end(), [&](const Finding& other) {
             return (other.kind == FindingKind::Temporary || other.kind == FindingKind::Growth) &&
                    same_place(other.location, finding.location);
           });
  };
  const auto found = std::find_if(findings.begin(), findings.end(), repeated);
  if (found != findings.end()) findings.erase(found);
}

}  // namespace

std::vector<Finding> find_findings(model::CaptureReader& reader,
                                   const std::vector<Location>& locations, const Rules& rules) {
  std::vector<Finding> findings;
  for (const Criterion& criterion : criteria(reader.totals(), rules)) {
    if (auto finding = find_largest(locations, criterion)) findings.push_back(*finding);
  }
  if (auto finding = find_slack(reader.totals(), rules)) findings.push_back(*finding);
  drop_repeated_calls(findings);
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.share > b.share; });
  const auto most = static_cast<std::size_t>(std::max(0.0, rules.findings));
  if (findings.size() > most) findings.resize(most);
  for (Finding& finding : findings) {
    if (finding.kind != FindingKind::Slack) finding.frame = &frame_of(reader, finding.location);
  }
  return findings;
}

}  // namespace heapscribe::reports
