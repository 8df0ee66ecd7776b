// What check found, one by one, for formats that want a place in the sources.
#include <fmt/format.h>

#include "analyzer/render/check_documents.h"
#include "analyzer/render/check_words.h"
#include "analyzer/render/format.h"

namespace heapscribe::render {
namespace {

using reports::BaselineCheck;
using reports::CheckReport;
using reports::Figure;
using reports::FigureCheck;
using reports::LimitCheck;
using reports::PathCheck;

const char* rule_of(Figure figure) {
  switch (figure) {
    case Figure::Bytes:
      return "more-bytes";
    case Figure::Peak:
      return "higher-peak";
    case Figure::Leaks:
      return "more-leaks";
    case Figure::Allocations:
    case Figure::Temporary:
      break;
  }
  return "more-allocations";
}

std::string from_to(Figure figure, const FigureCheck& check) {
  const Sides sides = sides_of(figure, check);
  return fmt::format("{} -> {}", sides.before, sides.now);
}

// The innermost call in the user's own sources: a finding within the standard library is of no use
// beside a diff.
const model::Frame* own_frame(const model::SiteStack& stack, const Sources& sources) {
  for (std::size_t at = stack.blame; at < stack.frames.size(); ++at) {
    const model::Frame& frame = *stack.frames[at];
    if (!frame.file.empty() && frame.line > 0 && sources.relative(frame.file) != frame.file) {
      return &frame;
    }
  }
  return stack.blame < stack.frames.size() ? stack.frames[stack.blame] : nullptr;
}

void place(Problem& problem, const model::SiteStack& stack, const Sources& sources) {
  if (stack.frames.empty()) return;
  problem.stack = &stack;
  const model::Frame* frame = own_frame(stack, sources);
  if (frame == nullptr || frame->file.empty() || frame->line <= 0) return;
  problem.file = sources.relative(frame->file);
  problem.line = frame->line;
}

Problem path_problem(const PathCheck& check, const BaselineCheck& baseline,
                     const Sources& sources) {
  const Figure figure = worst_figure(check.figures, baseline.total);
  std::string numbers;
  for (const Figure each : reports::kPathFigures) {
    if (!check.figures[each].rose()) continue;
    numbers += fmt::format("{}{} {}", numbers.empty() ? "" : ", ", reports::name_of(each),
                           from_to(each, check.figures[each]));
  }
  Problem problem;
  problem.rule = rule_of(figure);
  problem.name = check.path;
  problem.path = check.path;
  problem.message = fmt::format("{}: {} ({})", function_of(check),
                                rise_in_words(figure, check.figures[figure].change()), numbers);
  problem.file = sources.relative(baseline.file);
  problem.line = std::max<std::int64_t>(check.is_branch ? check.line : baseline.total_line, 1);
  place(problem, check.stack, sources);
  return problem;
}

Problem total_problem(Figure figure, const BaselineCheck& baseline, const Sources& sources) {
  const FigureCheck& check = baseline.total[figure];
  Problem problem;
  problem.rule = rule_of(figure);
  problem.name = fmt::format("{} in all", reports::name_of(figure));
  problem.message =
      fmt::format("In all {} ({})", rise_in_words(figure, check.change()), from_to(figure, check));
  problem.file = sources.relative(baseline.file);
  problem.line = std::max<std::int64_t>(baseline.total_line, 1);
  if (figure == Figure::Peak) place(problem, baseline.peak_holder, sources);
  return problem;
}

Problem limit_problem(const LimitCheck& limit, const std::string& file, const Sources& sources) {
  Problem problem;
  problem.rule = "over-budget";
  problem.name = name_of(limit);
  problem.message = fmt::format("{}: {}, and the limit is {}", name_of(limit),
                                amount_of(limit, limit.now), amount_of(limit, limit.limit));
  problem.file = sources.relative(file);
  problem.line = std::max<std::int64_t>(limit.line, 1);
  problem.stack = limit.largest.frames.empty() ? nullptr : &limit.largest;
  return problem;
}

}  // namespace

std::string Sources::relative(const std::string& file) const {
  const bool is_below = !root.empty() && file.size() > root.size() + 1 &&
                        file.compare(0, root.size(), root) == 0 && file[root.size()] == '/';
  return is_below ? file.substr(root.size() + 1) : file;
}

std::vector<Problem> problems_of(const CheckReport& report, const Sources& sources) {
  std::vector<Problem> problems;
  if (report.baseline && !report.baseline->passed()) {
    for (const PathCheck& check : report.baseline->rises) {
      problems.push_back(path_problem(check, *report.baseline, sources));
    }
    for (const Figure figure : reports::kBaselineFigures) {
      if (report.baseline->total[figure].rose()) {
        problems.push_back(total_problem(figure, *report.baseline, sources));
      }
    }
  }
  for (const LimitCheck& limit : report.limits) {
    if (!limit.is_kept()) problems.push_back(limit_problem(limit, report.budget_file, sources));
  }
  return problems;
}

}  // namespace heapscribe::render
