#include "analyzer/reports/usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include "analyzer/model/moment.h"
#include "analyzer/model/shell_word.h"
#include "analyzer/model/stable_name.h"
#include "analyzer/queries/queries.h"
#include "analyzer/reports/branches.h"
#include "analyzer/reports/leak_check.h"

namespace heapscribe::reports {
namespace {

using model::CaptureReader;

constexpr std::array<std::string_view, kFigures> kNames = {"allocations", "bytes", "peak", "leaks",
                                                           "temporary"};

using Leaks = std::unordered_map<model::SiteId, std::int64_t>;
using Earlier = std::unordered_map<model::SiteId, model::Held>;

Leaks find_definite_leaks(CaptureReader& reader, Suppressions& suppressions) {
  Leaks leaks;
  const LeakCheck check = check_leaks(reader, classes_of("definite"), suppressions, std::nullopt);
  for (const LeakRow& row : check.rows) leaks[row.site] = row.blocks.value;
  return leaks;
}

// Not recorded: what one thread held at the peak; whose part of a site's blocks is lost, by thread
// or section; and since when a peak's blocks or lost ones are there to be compared with a snapshot.
FigureSet figures_known(const CaptureReader& reader, const Scope& scope) {
  const bool by_thread = !scope.filter.thread.empty();
  const bool by_section = !scope.filter.section.empty();
  const bool later = !scope.from.empty();
  FigureSet known;
  known[Figure::Allocations] = known[Figure::Bytes] = true;
  known[Figure::Peak] = !by_thread && !later;
  known[Figure::Leaks] = !by_thread && !by_section && reader.text("leak_check") == "complete";
  known[Figure::Temporary] = !later;
  return known;
}

void refuse_with_snapshot(const Scope& scope, const char* part, const std::string& value) {
  if (value.empty()) return;
  throw std::runtime_error(
      fmt::format("snapshots are not recorded by {0}: --from '{1}' does not go with --{0} '{2}'",
                  part, scope.from, value));
}

Earlier held_before(CaptureReader& reader, const Scope& scope) {
  if (scope.from.empty()) return {};
  refuse_with_snapshot(scope, "thread", scope.filter.thread);
  refuse_with_snapshot(scope, "section", scope.filter.section);
  const model::Moment moment = model::find_moment(reader, scope.from, std::nullopt);
  if (moment.kind != model::MomentKind::Snapshot) {
    throw std::runtime_error("--from '" + scope.from +
                             "' is no snapshot, and only a snapshot "
                             "counted what came before");
  }
  return model::held_at(reader, moment);
}

void add(Observed& sum, const Figures& figures) {
  for (const Figure figure : kAllFigures) sum.value[figure] += figures[figure];
}

// Of the whole run the totals are exact, whatever happened to single sites.
void take_totals(const CaptureReader& reader, Usage& usage) {
  const model::Totals& totals = reader.totals();
  usage.total.value[Figure::Allocations] = totals.allocations.value;
  usage.total.value[Figure::Bytes] = totals.allocated_bytes.value;
  usage.total.value[Figure::Peak] = totals.peak_bytes.value;
  usage.total.value[Figure::Temporary] = totals.temporary.value;
}

bool is_nothing(const Figures& figures) {
  return figures == Figures{};
}

Figures figures_of(const capture::Statement& row, const Leaks& leaks, const Earlier& earlier) {
  const model::SiteId site{row.integer(0)};
  const auto before = earlier.find(site);
  const auto lost = leaks.find(site);
  Figures figures;
  figures[Figure::Allocations] = row.integer(4);
  figures[Figure::Bytes] = row.integer(5);
  figures[Figure::Peak] = row.integer(6);
  figures[Figure::Temporary] = row.integer(7);
  if (lost != leaks.end()) figures[Figure::Leaks] = lost->second;
  if (before != earlier.end()) {
    figures[Figure::Allocations] -= before->second.allocations.value;
    figures[Figure::Bytes] -= before->second.bytes.value;
  }
  return figures;
}

void keep_known(Figures& figures, const FigureSet& known) {
  for (const Figure figure : kAllFigures) {
    if (!known[figure]) figures[figure] = 0;
  }
}

std::int64_t percentile_of(std::vector<std::int64_t> values, int percentile) {
  std::sort(values.begin(), values.end());
  constexpr std::size_t kHundred = 100;
  const std::size_t rank =
      (values.size() * static_cast<std::size_t>(percentile) + kHundred - 1) / kHundred;
  return values[std::max<std::size_t>(rank, 1) - 1];
}

// What each run has of a path, nullptr = nothing.
std::vector<const Observed*> of_path(std::span<const Usage> runs, const std::string& path) {
  std::vector<const Observed*> observed;
  for (const Usage& run : runs) {
    const auto found = run.paths.find(path);
    observed.push_back(found == run.paths.end() ? nullptr : &found->second);
  }
  return observed;
}

std::vector<const Observed*> totals_of(std::span<const Usage> runs) {
  std::vector<const Observed*> observed;
  for (const Usage& run : runs) observed.push_back(&run.total);
  return observed;
}

}  // namespace

std::string_view name_of(Figure figure) {
  return kNames[static_cast<std::size_t>(figure)];
}

std::optional<Figure> figure_named(std::string_view name) {
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return kAllFigures[static_cast<std::size_t>(found - kNames.begin())];
}

bool counts_bytes(Figure figure) {
  return figure == Figure::Bytes || figure == Figure::Peak;
}

std::string names_of_scopes() {
  std::string names;
  for (const ScopeKey& key : kScopeKeys)
    names += (names.empty() ? "" : ", ") + std::string(key.name);
  return names;
}

std::string in_words(Scope scope) {
  std::string words;
  for (const ScopeKey& key : kScopeKeys) {
    const std::string& text = key.text(scope);
    if (text.empty()) continue;
    words += fmt::format("{}--{} {}", words.empty() ? "" : " ", key.name, model::shell_word(text));
  }
  return words;
}

void expect_known(const Usage& usage, Figure figure, const Scope& scope) {
  if (usage.known[figure]) return;
  const bool unchecked = figure == Figure::Leaks && usage.leak_check != "complete";
  const std::string why = unchecked
                              ? (usage.leak_check.empty() ? "no leak check was made"
                                                          : "no leak check: " + usage.leak_check)
                              : "that is not recorded with " + in_words(scope);
  const char* const remedy =
      unchecked ? "; a baseline without them: --update --figures allocations,bytes,peak" : "";
  throw std::runtime_error(fmt::format("{} cannot be checked: {}{}", name_of(figure), why, remedy));
}

Usage usage_of(CaptureReader& reader, const Scope& scope, Suppressions& suppressions) {
  Usage usage;
  model::select_sites(reader, scope.filter);
  usage.known = figures_known(reader, scope);
  usage.peak_error = reader.totals().peak_error.value;
  usage.leak_check = reader.text("leak_check");
  const Earlier earlier = held_before(reader, scope);
  const Leaks leaks =
      usage.known[Figure::Leaks] ? find_definite_leaks(reader, suppressions) : Leaks{};
  reader.frames().load_all();
  reader.stacks().load_all();
  model::CallPaths paths;
  auto rows = reader.database().prepare(queries::usage);
  while (rows.step()) {
    Figures figures = figures_of(rows, leaks, earlier);
    keep_known(figures, usage.known);
    if (is_nothing(figures)) continue;
    const model::SiteStack stack = model::blaming_own_code(model::site_stack(
        reader.stacks(), reader.frames(), {rows.integer(1)}, {rows.integer(2)}, rows.integer(3)));
    Observed& path = usage.paths[paths.of(stack)];
    if (path.stack.frames.empty()) path.stack = stack;
    add(path, figures);
    add(usage.total, figures);
  }
  if (scope == Scope{}) take_totals(reader, usage);
  return usage;
}

Observed combined_figures(std::span<const Observed* const> runs, int percentile) {
  Observed result;
  for (const Figure figure : kAllFigures) {
    std::vector<std::int64_t> values;
    for (const Observed* one : runs) {
      values.push_back(one == nullptr ? 0 : one->value[figure]);
      if (one != nullptr && result.stack.frames.empty()) result.stack = one->stack;
    }
    const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
    result.spread[figure] = *highest - *lowest;
    result.value[figure] = percentile_of(std::move(values), percentile);
  }
  return result;
}

Usage combined(std::span<const Usage> runs, int percentile, const BranchesWanted& wanted) {
  Usage usage;
  usage.known = runs.front().known;
  usage.leak_check = runs.front().leak_check;
  for (const Usage& run : runs) {
    for (const Figure figure : kAllFigures) {
      usage.known[figure] = usage.known[figure] && run.known[figure];
    }
    usage.peak_error = std::max(usage.peak_error, run.peak_error);
    if (!run.known[Figure::Leaks]) usage.leak_check = run.leak_check;
    for (const auto& [path, figures] : run.paths) usage.paths[path];
  }
  usage.total = combined_figures(totals_of(runs), percentile);
  for (auto& [path, observed] : usage.paths) {
    observed = combined_figures(of_path(runs, path), percentile);
  }
  usage.branches = branches_of(runs, usage, wanted, percentile);
  return usage;
}

model::SiteStack largest_path(const Usage& usage, Figure figure) {
  const auto less = [&](const auto& a, const auto& b) {
    return a.second.value[figure] < b.second.value[figure];
  };
  const auto largest = std::max_element(usage.paths.begin(), usage.paths.end(), less);
  return largest == usage.paths.end() ? model::SiteStack{} : largest->second.stack;
}

}  // namespace heapscribe::reports
