// What runs took from the heap once, in a file that is kept with the sources:
//
//   version = 1
//   program = "shop"      that the runs were of; for a note if others are held against it
//   [scope]               which part of the run counts; nothing = the whole
//   module = "shop"
//   [tolerance]           of every figure that states none of its own; exact without
//   bytes = "1%"
//   [total]               the figures that are judged at all
//   allocations = 1012
//   peak = "18040 + 512"
//   [branches]            what floats below a call: in which paths it is the runs differed, and not
//   "main > reply" = { allocations = 12 }      how much it is. Paths with a tolerance, new ones
//   [paths]               sorted; a figure that is not there is 0. Without it only totals count
//   "main > Basket<>::total > PriceIndex<>::find" = { allocations = 1000, bytes = 32000 }
//
// A figure is exact, or has a tolerance upwards: 1000, "1000 + 5", "1000 + 2%".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "analyzer/reports/usage.h"

namespace heapscribe::reports {

struct Tolerance {
  std::int64_t absolute = 0;
  double share = 0;  // of the value; the larger of the two counts

  std::int64_t of(std::int64_t value) const;
  bool is_none() const { return absolute == 0 && share == 0; }
};

struct Expected {
  std::int64_t value = 0;
  Tolerance tolerance;
  std::int64_t line = 0;  // in the file; 0 = in none
};
using Expectations = PerFigure<std::optional<Expected>>;

struct Baseline {
  std::string program;
  Scope scope;
  PerFigure<Tolerance> tolerance;
  Expectations total;
  std::map<std::string, Expectations> branches, paths;
  bool has_paths = true;

  // What `expectations`, the total or a path's, say of a figure.
  Expected expected(const Expectations& expectations, Figure figure) const;

  // Whether a branch has this path's figure in its sum: it is new, or has a tolerance of its own.
  bool floats(const std::string& path, Figure figure) const;
  BranchesWanted wanted_branches() const;
};

// Throws std::runtime_error with one sentence that names the line.
Baseline read_baseline(const std::string& path);
std::string text_of(const Baseline& baseline);

// `old` with the figures of `usage`. Tolerances stay. Where the runs differ among themselves, twice
// their spread becomes the least tolerance: of five runs a sixth lies outside their range every
// third time, and outside twice of it hardly ever. Branches that are steady no more go. Of `usage`
// the branches are to have all paths.
Baseline updated(const Baseline& old, const Usage& usage, const FigureSet& wanted);

}  // namespace heapscribe::reports
