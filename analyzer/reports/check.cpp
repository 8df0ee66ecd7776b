#include "analyzer/reports/check.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <span>

#include "analyzer/reports/branches.h"

namespace heapscribe::reports {
namespace {

FigureCheck judged(const Expected& expected, std::int64_t now) {
  return {true, expected.value, now, expected.tolerance.of(expected.value)};
}

template <typename Condition>
bool any_figure(const FigureChecks& checks, const Condition& holds) {
  return std::any_of(checks.values.begin(), checks.values.end(), holds);
}

bool any_rose(const FigureChecks& checks) {
  return any_figure(checks, [](const FigureCheck& check) { return check.rose(); });
}

bool any_fell(const FigureChecks& checks) {
  return any_figure(checks, [](const FigureCheck& check) { return check.fell(); });
}

FigureChecks check_total(const Baseline& baseline, const Usage& usage) {
  FigureChecks checks;
  for (const Figure figure : kBaselineFigures) {
    if (!baseline.total[figure]) continue;
    expect_known(usage, figure, baseline.scope);
    checks[figure] = judged(baseline.expected(baseline.total, figure), usage.total.value[figure]);
  }
  // What the recorder does not know exactly cannot be held against the program.
  if (checks[Figure::Peak].judged) checks[Figure::Peak].tolerance += usage.peak_error;
  return checks;
}

PathCheck check_path(const Baseline& baseline, const std::string& path,
                     const Expectations& expectations, const Observed& observed) {
  PathCheck check;
  check.path = path;
  check.stack = observed.stack;
  for (const Figure figure : kPathFigures) {
    if (!baseline.total[figure]) continue;
    check.figures[figure] = judged(baseline.expected(expectations, figure), observed.value[figure]);
  }
  return check;
}

std::vector<PathCheck> check_paths(const Baseline& baseline, const Usage& usage) {
  std::vector<PathCheck> checks;
  for (const auto& [path, observed] : usage.paths) {
    const auto known = baseline.paths.find(path);
    const bool is_new = known == baseline.paths.end();
    checks.push_back(check_path(baseline, path, is_new ? Expectations{} : known->second, observed));
    checks.back().is_new = is_new;
  }
  for (const auto& [path, expectations] : baseline.paths) {
    if (usage.paths.count(path) == 0) {
      checks.push_back(check_path(baseline, path, expectations, {}));
    }
  }
  std::sort(checks.begin(), checks.end(),
            [](const PathCheck& a, const PathCheck& b) { return a.path < b.path; });
  return checks;
}

// The paths below a branch, of all in the order of their names.
std::span<PathCheck> paths_below(std::span<PathCheck> paths, const std::string& branch) {
  const auto before = [](const PathCheck& path, const std::string& name) {
    return path.path < name;
  };
  const auto first = std::lower_bound(paths.begin(), paths.end(), branch, before);
  const auto last = std::find_if(
      first, paths.end(), [&](const PathCheck& path) { return !path.path.starts_with(branch); });
  return {first, last};
}

// What floats below a branch that did not rise took another path, and no more.
void excuse_paths(const Baseline& baseline, const PathCheck& branch, std::span<PathCheck> paths) {
  for (PathCheck& path : paths) {
    if (!is_below(path.path, branch.path)) continue;
    for (const Figure figure : kPathFigures) {
      const FigureCheck& whole = branch.figures[figure];
      FigureCheck& part = path.figures[figure];
      if (!whole.judged || !baseline.floats(path.path, figure)) continue;
      const bool says_more = part.rose() ? whole.rose() : whole.fell();
      if (!says_more) part.judged = false;
    }
  }
}

// Whether the rises of single paths are what the branch rose by.
bool explain(std::span<const PathCheck> paths, const Baseline& baseline, const PathCheck& branch,
             Figure figure) {
  std::int64_t explained = 0;
  for (const PathCheck& path : paths) {
    const FigureCheck& part = path.figures[figure];
    const bool counts = is_below(path.path, branch.path) && baseline.floats(path.path, figure);
    if (counts && part.rose()) explained += part.change();
  }
  return explained >= branch.figures[figure].change();
}

PathCheck check_branch(const Baseline& baseline, const Usage& usage, const std::string& name,
                       const Expectations& expectations) {
  const auto found = usage.branches.find(name);
  PathCheck branch = check_path(baseline, name, expectations,
                                found == usage.branches.end() ? Observed{} : found->second.figures);
  branch.is_branch = true;
  for (const Figure figure : kPathFigures) {
    if (!expectations[figure]) branch.figures[figure].judged = false;
    if (expectations[figure] && branch.line == 0) branch.line = expectations[figure]->line;
  }
  return branch;
}

// Excuses paths; returns the branches that rose by more than single paths tell.
std::vector<PathCheck> check_branches(const Baseline& baseline, const Usage& usage,
                                      std::span<PathCheck> paths) {
  std::vector<PathCheck> rises;
  for (const auto& [name, expectations] : baseline.branches) {
    PathCheck branch = check_branch(baseline, usage, name, expectations);
    const std::span<PathCheck> below = paths_below(paths, name);
    excuse_paths(baseline, branch, below);
    for (const Figure figure : kPathFigures) {
      if (explain(below, baseline, branch, figure)) branch.figures[figure].judged = false;
    }
    if (branch.rose()) rises.push_back(std::move(branch));
  }
  return rises;
}

// Names of branches without any path, now or in the baseline.
std::vector<std::string> empty_branches(const Baseline& baseline, std::span<PathCheck> paths) {
  std::vector<std::string> names;
  for (const auto& [name, expectations] : baseline.branches) {
    const std::span<PathCheck> below = paths_below(paths, name);
    const auto has_it = [&](const PathCheck& path) { return is_below(path.path, name); };
    if (std::none_of(below.begin(), below.end(), has_it)) names.push_back(name);
  }
  return names;
}

Figures figures_of(const PathCheck& check, std::int64_t FigureCheck::*side) {
  Figures figures;
  for (const Figure figure : kPathFigures) figures[figure] = check.figures[figure].*side;
  return figures;
}

// Takes pairs of a new and a gone path with the same figures away; returns how many there were.
std::size_t drop_moved(std::vector<PathCheck>& checks) {
  std::map<std::array<std::int64_t, kFigures>, std::vector<PathCheck*>> gone;
  for (PathCheck& check : checks) {
    if (!check.stack.frames.empty() || !check.fell()) continue;
    gone[figures_of(check, &FigureCheck::before).values].push_back(&check);
  }
  std::size_t moved = 0;
  for (PathCheck& check : checks) {
    if (!check.is_new || !check.rose()) continue;
    const auto same = gone.find(figures_of(check, &FigureCheck::now).values);
    if (same == gone.end() || same->second.empty()) continue;
    same->second.back()->figures = {};
    same->second.pop_back();
    check.figures = {};
    ++moved;
  }
  return moved;
}

// How much of the total the largest change is.
double weight(const PathCheck& check, const FigureChecks& total,
              bool (FigureCheck::*counts)() const) {
  double largest = 0;
  for (const Figure figure : kPathFigures) {
    const FigureCheck& one = check.figures[figure];
    if (!(one.*counts)()) continue;
    const auto whole = static_cast<double>(std::max<std::int64_t>(total[figure].before, 1));
    largest = std::max(largest, std::abs(static_cast<double>(one.change())) / whole);
  }
  return largest;
}

void rank(std::vector<PathCheck>& checks, const FigureChecks& total,
          bool (FigureCheck::*counts)() const) {
  std::stable_sort(checks.begin(), checks.end(), [&](const PathCheck& a, const PathCheck& b) {
    return weight(a, total, counts) > weight(b, total, counts);
  });
}

std::int64_t first_line(const Expectations& total) {
  std::int64_t line = 0;
  for (const Figure figure : kBaselineFigures) {
    if (total[figure] && (line == 0 || total[figure]->line < line)) line = total[figure]->line;
  }
  return line;
}

}  // namespace

bool PathCheck::rose() const {
  return any_rose(figures);
}

bool PathCheck::fell() const {
  return any_fell(figures);
}

bool BaselineCheck::passed() const {
  if (any_rose(total)) return false;
  return std::all_of(rises.begin(), rises.end(), [&](const PathCheck& path) {
    return std::all_of(kPathFigures.begin(), kPathFigures.end(), [&](Figure figure) {
      return !path.figures[figure].rose() || total[figure].fell();
    });
  });
}

bool BaselineCheck::improved() const {
  return passed() && (!falls.empty() || any_fell(total));
}

bool CheckReport::passed() const {
  return (!baseline || baseline->passed()) &&
         std::all_of(limits.begin(), limits.end(),
                     [](const LimitCheck& limit) { return limit.is_kept(); });
}

BaselineCheck check_baseline(const std::string& file, const Baseline& baseline,
                             const Usage& usage) {
  BaselineCheck result;
  result.file = file;
  result.total_line = first_line(baseline.total);
  result.total = check_total(baseline, usage);
  result.paths = usage.paths.size();
  result.peak_holder = largest_path(usage, Figure::Peak);
  std::vector<PathCheck> checks;
  if (baseline.has_paths) {
    checks = check_paths(baseline, usage);
    result.rises = check_branches(baseline, usage, checks);
    result.empty_branches = empty_branches(baseline, checks);
  }
  result.moved = drop_moved(checks);
  for (PathCheck& check : checks) {
    if (check.rose()) result.rises.push_back(check);
    if (check.fell()) result.falls.push_back(check);
  }
  rank(result.rises, result.total, &FigureCheck::rose);
  rank(result.falls, result.total, &FigureCheck::fell);
  return result;
}

}  // namespace heapscribe::reports
