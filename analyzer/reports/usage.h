// What runs of a program took from the heap, in all and by call path: what a check looks at.
//
// Several runs become one: of every figure the lowest, or a percentile, and how far the runs lie
// apart. A path that a run did not take counts as 0 there.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/capture_reader.h"
#include "analyzer/model/selection.h"
#include "analyzer/reports/suppressions.h"

namespace heapscribe::reports {

// Leaks are definite blocks; temporary are blocks freed before their thread allocated again.
enum class Figure { Allocations, Bytes, Peak, Leaks, Temporary };
inline constexpr std::size_t kFigures = 5;
inline constexpr std::array kAllFigures = {Figure::Allocations, Figure::Bytes, Figure::Peak,
                                           Figure::Leaks, Figure::Temporary};
// Those of a baseline; of its single paths.
inline constexpr std::array kBaselineFigures = {Figure::Allocations, Figure::Bytes, Figure::Peak,
                                                Figure::Leaks};
inline constexpr std::array kPathFigures = {Figure::Allocations, Figure::Bytes, Figure::Leaks};
std::string_view name_of(Figure figure);
std::optional<Figure> figure_named(std::string_view name);
bool counts_bytes(Figure figure);

// A value for each figure.
template <typename Value>
struct PerFigure {
  std::array<Value, kFigures> values{};
  Value& operator[](Figure figure) { return values[static_cast<std::size_t>(figure)]; }
  const Value& operator[](Figure figure) const { return values[static_cast<std::size_t>(figure)]; }
  bool operator==(const PerFigure&) const = default;
};
using Figures = PerFigure<std::int64_t>;
using FigureSet = PerFigure<bool>;

// Which part of a run counts. Here is where a kind of scope is added; files and options know the
// scopes by kScopeKeys.
struct Scope {
  model::SiteFilter filter;
  std::string from;  // label or number of a snapshot: what came before does not count
  bool operator==(const Scope&) const = default;
};
struct ScopeKey {
  const char* name;
  std::string& (*text)(Scope&);
};
inline constexpr std::array<ScopeKey, 5> kScopeKeys = {{
    {"function", [](Scope& scope) -> std::string& { return scope.filter.function; }},
    {"module", [](Scope& scope) -> std::string& { return scope.filter.module; }},
    {"thread", [](Scope& scope) -> std::string& { return scope.filter.thread; }},
    {"section", [](Scope& scope) -> std::string& { return scope.filter.section; }},
    {"from", [](Scope& scope) -> std::string& { return scope.from; }},
}};
std::string names_of_scopes();  // "function, module, ..."
// "--module 'app' --from 'warm'", "" = everything.
std::string in_words(Scope scope);

struct Observed {
  Figures value;
  Figures spread;          // highest less lowest of the runs
  model::SiteStack stack;  // of the largest site, as its reader has it
};

// A call and the paths below it that count, see reports/branches.h.
struct Branch {
  Observed figures;
  FigureSet is_steady;  // the same in all runs, though paths below differ
};

struct Usage {
  Observed total;
  std::map<std::string, Observed> paths;  // by model::CallPaths
  std::map<std::string, Branch> branches;
  FigureSet known;              // what the recordings tell of this scope
  std::int64_t peak_error = 0;  // how far off the recorder's peak may be
  std::string leak_check;       // "complete", or why there is none
};
// Throws std::runtime_error with one sentence unless the figure is known.
void expect_known(const Usage& usage, Figure figure, const Scope& scope);

// Selects the sites of the scope. The reader must outlive what is made of it. Throws
// std::runtime_error with one sentence where the scope is not recorded.
Usage usage_of(model::CaptureReader& reader, const Scope& scope, Suppressions& suppressions);

// One thing in several runs; nullptr = a run without it. percentile 0 is the minimum.
Observed combined_figures(std::span<const Observed* const> runs, int percentile);
// Branches that are asked for, and what they add up; all paths, if `counts` is empty.
struct BranchesWanted {
  std::vector<std::string> names;
  std::function<bool(const std::string& path, Figure figure)> counts = {};
};
// known is what all know. The branches are the steady ones, and those that are wanted.
Usage combined(std::span<const Usage> runs, int percentile, const BranchesWanted& wanted = {});

// Of the path with most of a figure; without frames if there is no path.
model::SiteStack largest_path(const Usage& usage, Figure figure);

}  // namespace heapscribe::reports
