#include "analyzer/reports/branches.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "analyzer/model/stable_name.h"

namespace heapscribe::reports {
namespace {

using model::kCalls;
using Names = std::set<std::string, std::less<>>;

bool differs(const Observed& path) {
  return std::any_of(kPathFigures.begin(), kPathFigures.end(),
                     [&](Figure figure) { return path.spread[figure] != 0; });
}

// The call above; "" if there is none.
std::string_view caller_of(std::string_view branch) {
  const std::size_t cut = branch.rfind(kCalls);
  return cut == std::string_view::npos ? std::string_view() : branch.substr(0, cut);
}

// The innermost call that both are below; "" if there is none.
std::string_view common_call(std::string_view a, std::string_view b) {
  while (!a.empty() && !is_below(b, a)) a = caller_of(a);
  return a;
}

// What the runs took in each of some branches.
class BranchSums {
 public:
  BranchSums(std::span<const Usage> runs, const BranchesWanted& wanted, int percentile)
      : runs_(runs), counts_(wanted.counts), percentile_(percentile) {
    for (const std::string& branch : wanted.names) want(branch);
  }

  void want(std::string_view branch) {
    if (sums_.find(branch) == sums_.end()) sums_.emplace(branch, runs_.size());
  }

  void want_with_callers(std::string_view path) {
    for (; !path.empty(); path = caller_of(path)) want(path);
  }

  void add_up() {
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      for (const auto& [path, observed] : runs_[run].paths) add(run, path, observed);
    }
    for (const auto& [branch, sums] : sums_) {
      std::vector<const Observed*> of_runs;
      for (const Observed& sum : sums) of_runs.push_back(&sum);
      observed_.emplace(branch, combined_figures(of_runs, percentile_));
    }
  }

  const Observed& of(std::string_view branch) const { return observed_.find(branch)->second; }
  bool is_steady(std::string_view branch, Figure figure) const {
    return of(branch).spread[figure] == 0;
  }

 private:
  void add(std::size_t run, const std::string& path, const Observed& observed) {
    for (std::string_view branch = path; !branch.empty(); branch = caller_of(branch)) {
      const auto found = sums_.find(branch);
      if (found == sums_.end()) continue;
      for (const Figure figure : kAllFigures) {
        if (counts_ && !counts_(path, figure)) continue;
        found->second[run].value[figure] += observed.value[figure];
      }
    }
  }

  std::span<const Usage> runs_;
  const std::function<bool(const std::string&, Figure)>& counts_;
  int percentile_;
  std::map<std::string, std::vector<Observed>, std::less<>> sums_;  // of each branch, by run
  std::map<std::string, Observed, std::less<>> observed_;
};

// By chance a branch too small is the same in a few runs, and its neighbour too; what differs in
// both differs in the branch that holds both.
void join_neighbours(Names& branches, const BranchSums& sums, Figure figure) {
  auto at = branches.begin();
  while (at != branches.end() && std::next(at) != branches.end()) {
    const std::string both(common_call(*at, *std::next(at)));
    if (both.empty() || !sums.is_steady(both, figure)) {
      ++at;
      continue;
    }
    branches.erase(at, std::next(at, 2));
    at = branches.insert(both).first;
    if (at != branches.begin()) --at;
  }
}

Names steady_branches(const Usage& usage, const BranchSums& sums, Figure figure) {
  Names found;
  for (const auto& [path, observed] : usage.paths) {
    if (observed.spread[figure] == 0) continue;
    std::string_view branch = path;
    while (!branch.empty() && !sums.is_steady(branch, figure)) branch = caller_of(branch);
    if (!branch.empty()) found.emplace(branch);
  }
  join_neighbours(found, sums, figure);
  return found;
}

}  // namespace

bool is_below(std::string_view path, std::string_view branch) {
  if (!path.starts_with(branch)) return false;
  return path.size() == branch.size() || path.substr(branch.size()).starts_with(kCalls);
}

std::map<std::string, Branch> branches_of(std::span<const Usage> runs, const Usage& usage,
                                          const BranchesWanted& wanted, int percentile) {
  BranchSums sums(runs, wanted, percentile);
  for (const auto& [path, observed] : usage.paths) {
    if (differs(observed)) sums.want_with_callers(path);
  }
  sums.add_up();
  std::map<std::string, Branch> branches;
  for (const std::string& branch : wanted.names) branches[branch].figures = sums.of(branch);
  for (const Figure figure : kPathFigures) {
    for (const std::string& name : steady_branches(usage, sums, figure)) {
      Branch& branch = branches[name];
      branch.figures = sums.of(name);
      branch.is_steady[figure] = true;
    }
  }
  return branches;
}

}  // namespace heapscribe::reports
