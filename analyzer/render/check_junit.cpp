#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "analyzer/render/check_documents.h"
#include "analyzer/render/check_words.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/stack_lines.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

// Of text that XML 1.0 allows, which printable text is.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : printable(text)) {
    switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string stack_text(const model::SiteStack* stack) {
  if (stack == nullptr) return "";
  std::string text;
  for (const std::string& line : frame_list(*stack, 0, kTextWidth)) text += escaped(line) + "\n";
  return text;
}

std::vector<std::string> names_of_passed(const reports::CheckReport& report) {
  std::vector<std::string> names;
  if (report.baseline) {
    for (const reports::Figure figure : reports::kBaselineFigures) {
      const reports::FigureCheck& check = report.baseline->total[figure];
      if (check.judged && !check.rose()) {
        names.push_back(fmt::format("{} in all", reports::name_of(figure)));
      }
    }
    if (report.baseline->rises.empty()) names.emplace_back("call paths");
  }
  for (const reports::LimitCheck& limit : report.limits) {
    if (limit.is_kept()) names.push_back(name_of(limit));
  }
  return names;
}

}  // namespace

void write_junit(std::ostream& out, const reports::CheckReport& report, const Context& context,
                 const Sources& sources) {
  const std::vector<Problem> problems = problems_of(report, sources);
  const std::vector<std::string> passed = names_of_passed(report);
  const std::string counts = fmt::format("tests=\"{}\" failures=\"{}\" errors=\"0\"",
                                         problems.size() + passed.size(), problems.size());
  const std::string suite = escaped("heapscribe check " + context.program);
  const std::string class_name = escaped("heapscribe." + context.program);
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      << fmt::format("<testsuites {}>\n  <testsuite name=\"{}\" {} skipped=\"0\">\n", counts, suite,
                     counts);
  for (const Problem& problem : problems) {
    out << fmt::format(
        "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\">\n"
        "      <failure type=\"{}\" message=\"{}\">{}:{}\n{}</failure>\n    </testcase>\n",
        class_name, escaped(problem.name), escaped(problem.file), problem.line, problem.rule,
        escaped(problem.message), escaped(problem.file), problem.line, stack_text(problem.stack));
  }
  for (const std::string& name : passed) {
    out << fmt::format("    <testcase classname=\"{}\" name=\"{}\"/>\n", class_name, escaped(name));
  }
  out << "  </testsuite>\n</testsuites>\n";
}

}  // namespace heapscribe::render
