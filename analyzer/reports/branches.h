// Branches of the call paths: a call, and all that is allocated below it.
//
// Some programs do the same work now in one function and now in its neighbour: a server cuts a long
// reply where the timing has it, and redis's 27,366 allocations of a session lie on other paths
// every time, yet below one call they are always the same. Single paths then tell noise; the branch
// tells exactly.
//
// A branch is for the paths that float: those that differed among the runs, and those that no run
// took. What was the same in all runs is judged path by path, inside a branch as elsewhere, so that
// nothing else can make up for it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/reports/usage.h"

namespace heapscribe::reports {

// "main > serve" has itself and "main > serve > find" below it, and not "main > server".
bool is_below(std::string_view path, std::string_view branch);

// The branches that are the same in all runs although paths below them are not: the nearest to
// those paths, and one instead of two where the call above both is the same in all runs as well.
// Also those that are wanted, whether they are steady or not. `usage` is what the runs became.
std::map<std::string, Branch> branches_of(std::span<const Usage> runs, const Usage& usage,
                                          const BranchesWanted& wanted, int percentile);

}  // namespace heapscribe::reports
