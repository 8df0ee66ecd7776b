// The results of check: as a document, and in the formats of test runners, code scanners and
// GitHub's log.
#pragma once

#include <array>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/render/document.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/reports/check.h"

namespace heapscribe::render {

struct CheckDetail {
  bool wanted = true;                 // lines below a row, in text
  bool for_programs = false;          // tables without rows as well
  std::optional<std::int64_t> limit;  // paths; none = all
  std::string update;                 // the command that accepts the runs; "" = there is none
  bool written = false;               // these runs are the baseline now
};

Document check_document(const reports::CheckReport& report, const Context& context,
                        const CheckDetail& detail);

// One thing that is not as it should be, and where in the sources to look.
struct Problem {
  std::string rule;     // "more-allocations"; kProblemRules has them all
  std::string name;     // of what was checked: a call path, a budget's line
  std::string message;  // one sentence
  std::string file;     // as in the recording; the baseline or budget where no source is known
  std::int64_t line = 1;
  std::string path;  // the call path, "" = the total
  const model::SiteStack* stack = nullptr;
};

struct ProblemRule {
  const char* id;
  const char* help;
};
inline constexpr std::array<ProblemRule, 5> kProblemRules = {{
    {"more-allocations", "Makes more allocations than the baseline has."},
    {"more-bytes", "Allocates more bytes than the baseline has."},
    {"higher-peak", "The high-water mark of the heap is above the baseline's."},
    {"more-leaks", "Loses more blocks than the baseline has."},
    {"over-budget", "A limit of the budget file is exceeded."},
}};

// Where the sources are: what lies below it is named relative to it, so that services find it.
struct Sources {
  std::string root;  // absolute, without a slash at the end
  // "src/cache.cpp", or `file` where it lies elsewhere.
  std::string relative(const std::string& file) const;
};

// Worst first. They point into `report`.
std::vector<Problem> problems_of(const reports::CheckReport& report, const Sources& sources);

// JUnit's XML as CI systems read it: a test case for every total and limit, and for each path
// that rose.
void write_junit(std::ostream& out, const reports::CheckReport& report, const Context& context,
                 const Sources& sources);
// SARIF 2.1.0.
void write_sarif(std::ostream& out, const reports::CheckReport& report, const Sources& sources,
                 const std::string& version);
// Workflow commands, one a line: ::error file=...,line=...::...
void write_annotations(std::ostream& out, const reports::CheckReport& report,
                       const Sources& sources);

}  // namespace heapscribe::render
