// Runs held against a baseline and against budgets.
//
// The total of every figure is judged, and every call path. A path that is new and took exactly
// what another one took that is gone has moved, by a renamed function say, and is no finding. What
// paths take more of is none either if there is less of it in all, or if it floats in a branch that
// takes no more (reports/branches.h). The peak is judged in all only:
// a path's part of it changes with what the others do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/reports/baseline.h"
#include "analyzer/reports/budget.h"
#include "analyzer/reports/usage.h"

namespace heapscribe::reports {

struct FigureCheck {
  bool judged = false;
  std::int64_t before = 0, now = 0;
  std::int64_t tolerance = 0;

  std::int64_t change() const { return now - before; }
  bool rose() const { return judged && change() > tolerance; }
  bool fell() const { return judged && -change() > tolerance; }
};
using FigureChecks = PerFigure<FigureCheck>;

struct PathCheck {
  std::string path;
  FigureChecks figures;
  model::SiteStack stack;  // without frames where the path is gone
  bool is_new = false;
  bool is_branch = false;  // what floats below `path`, see reports/branches.h
  std::int64_t line = 0;   // of a branch in the baseline

  bool rose() const;
  bool fell() const;
};

struct BaselineCheck {
  std::string file;
  std::int64_t total_line = 0;
  FigureChecks total;
  std::size_t paths = 0;  // of the runs
  std::size_t moved = 0;
  std::vector<PathCheck> rises, falls;  // largest share of the total first; one path may be in both
  std::vector<std::string> empty_branches;  // of the baseline, with no path below them
  model::SiteStack peak_holder;             // who holds most of the peak

  bool passed() const;
  bool improved() const;  // it passed, and something fell
};

struct CheckReport {
  std::size_t runs = 1;
  std::string scope;    // of the baseline, in words
  std::string made_of;  // the program that the baseline is of; "" = it does not say
  std::optional<BaselineCheck> baseline;
  std::string budget_file;
  std::vector<LimitCheck> limits;
  std::vector<std::string> without_sites;  // budgets for a part of the run that allocated nothing

  bool passed() const;
};

// `usage` is of the baseline's scope, with its wanted_branches(). Throws std::runtime_error where a
// figure is not known of it.
BaselineCheck check_baseline(const std::string& file, const Baseline& baseline, const Usage& usage);

}  // namespace heapscribe::reports
