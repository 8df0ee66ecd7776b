#include "analyzer/reports/findings.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "analyzer/model/selection.h"
#include "analyzer/reports/growth.h"
#include "analyzer/reports/leak_check.h"

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

struct LostBlocks {
  model::Bytes bytes;
  model::Count blocks;
};

// What is definite; blocks that only lost ones lead to come back with them.
std::optional<Finding> find_lost(const LeakCheck& check, const Rules& rules) {
  std::map<const model::Frame*, LostBlocks> by_place;
  model::Bytes lost_in_all;
  for (const LeakRow& row : check.rows) {
    LostBlocks& place = by_place[&row.stack.blamed()];
    place.bytes += row.bytes;
    place.blocks += row.blocks;
    lost_in_all += row.bytes;
  }
  const auto most = std::max_element(
      by_place.begin(), by_place.end(),
      [](const auto& a, const auto& b) { return a.second.bytes < b.second.bytes; });
  if (most == by_place.end()) return {};
  const auto& [place, lost] = *most;
  if (static_cast<double>(lost.bytes.value) < rules.lost_least) return {};
  Finding finding{.kind = FindingKind::Lost,
                  .share = model::share(lost.bytes, lost_in_all),
                  .location = {},
                  .frame = place,
                  .saved_calls = {},
                  .bytes = lost.bytes,
                  .blocks = lost.blocks,
                  .checked_at = std::nullopt,
                  .seconds_until_full = std::nullopt};
  if (!check.at_end) finding.checked_at = check.taken;
  return finding;
}

std::optional<Finding> find_steady_growth(const GrowthReport& growth, const Rules& rules) {
  constexpr double kHour = 3600;
  if (growth.rows.empty() || growth.rows.front().facts.verdict != Verdict::SteadyGrowth) return {};
  const GrowthRow& worst = growth.rows.front();
  const double per_hour = worst.facts.trend.slope * kHour;
  if (per_hour < rules.steady_least) return {};
  return Finding{.kind = FindingKind::SteadyGrowth,
                 .share = worst.facts.trend.slope / growth.growth_per_second(),
                 .location = {},
                 .frame = worst.place,
                 .saved_calls = {},
                 .bytes = {static_cast<std::int64_t>(per_hour)},
                 .blocks = worst.live_blocks,
                 .checked_at = std::nullopt,
                 .seconds_until_full = growth.seconds_until_full()};
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
  Finding finding;
  finding.kind = criterion.kind;
  finding.share = share;
  finding.location = *largest;
  finding.saved_calls = saved_calls(criterion.kind, *largest);
  return finding;
}

std::optional<Finding> find_slack(const Totals& totals, const Rules& rules) {
  const model::Bytes slack = totals.usable_bytes - totals.allocated_bytes;
  const double share = model::share(slack, totals.usable_bytes);
  if (share < rules.slack_share || static_cast<double>(slack.value) < rules.slack_bytes) return {};
  Location run;
  run.measures = totals.measures();
  run.usable_bytes = totals.usable_bytes;
  Finding finding;
  finding.kind = FindingKind::Slack;
  finding.share = share;
  finding.location = run;
  return finding;
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

bool is_urgent(const Finding& finding) {
  return finding.kind == FindingKind::Lost || finding.kind == FindingKind::SteadyGrowth;
}

// One place that is lost, or grows, holds most of the peak and is alive at the end: said once.
void drop_what_urgent_ones_say(std::vector<Finding>& findings) {
  const auto is_said = [&](const Finding& finding) {
    return (finding.kind == FindingKind::PeakHolder || finding.kind == FindingKind::NeverFreed) &&
           std::any_of(findings.begin(), findings.end(), [&](const Finding& other) {
             return is_urgent(other) && other.frame->function == finding.frame->function;
           });
  };
  findings.erase(std::remove_if(findings.begin(), findings.end(), is_said), findings.end());
}

// Where every block was found to be reachable, one that stays to the end is what globals are for.
bool is_worth_telling(const Finding& finding, const LeakCheck& check, const Rules& rules) {
  const bool all_reachable = check.complete && check.at_end && check.rows.empty();
  return finding.kind != FindingKind::NeverFreed || !all_reachable ||
         static_cast<double>(finding.location.measures.live_blocks.value) >= rules.live_blocks;
}

std::vector<Finding> findings_by_share(model::CaptureReader& reader,
                                       const std::vector<Location>& locations,
                                       const LeakCheck& check, const Rules& rules) {
  std::vector<Finding> findings;
  for (const Criterion& criterion : criteria(reader.totals(), rules)) {
    const auto finding = find_largest(locations, criterion);
    if (finding && is_worth_telling(*finding, check, rules)) findings.push_back(*finding);
  }
  if (auto finding = find_slack(reader.totals(), rules)) findings.push_back(*finding);
  drop_repeated_calls(findings);
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.share > b.share; });
  for (Finding& finding : findings) {
    if (finding.kind != FindingKind::Slack) finding.frame = &frame_of(reader, finding.location);
  }
  return findings;
}

}  // namespace

std::vector<Finding> find_findings(model::CaptureReader& reader,
                                   const std::vector<Location>& locations, const Rules& rules) {
  model::select_sites(reader, {});
  Suppressions suppressions;
  suppressions.add_built_in();
  const LeakCheck check = check_leaks(reader, classes_of("definite"), suppressions, std::nullopt);
  std::vector<Finding> findings;
  if (auto lost = find_lost(check, rules)) findings.push_back(*lost);
  if (auto growth = find_steady_growth(find_growth(reader), rules)) findings.push_back(*growth);
  for (const Finding& finding : findings_by_share(reader, locations, check, rules)) {
    findings.push_back(finding);
  }
  drop_what_urgent_ones_say(findings);
  const auto most = static_cast<std::size_t>(std::max(0.0, rules.findings));
  if (findings.size() > most) findings.resize(most);
  return findings;
}

}  // namespace heapscribe::reports
