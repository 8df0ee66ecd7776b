// check, for people and as data.
#include <fmt/format.h>

#include <cstdlib>

#include "analyzer/render/check_documents.h"
#include "analyzer/render/check_words.h"
#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"
#include "analyzer/render/stack_lines.h"

namespace heapscribe::render {
namespace {

using reports::BaselineCheck;
using reports::CheckReport;
using reports::Figure;
using reports::FigureCheck;
using reports::FigureChecks;
using reports::LimitCheck;
using reports::PathCheck;

constexpr std::size_t kDetailWidth = kTextWidth - 2;

std::string verdict_on(const FigureCheck& check) {
  if (check.rose()) return "ROSE";
  if (check.fell()) return "fell";
  return check.change() == 0 ? "same" : "within tolerance";
}

std::string difference_of(Figure figure, const FigureCheck& check) {
  if (check.change() == 0) return "";
  std::string change = change_of(figure, check.change());
  if (check.before == 0) return change;
  const double share =
      static_cast<double>(std::abs(check.change())) / static_cast<double>(check.before);
  return fmt::format("{} ({}{})", change, check.change() > 0 ? "+" : "-", format_share(share));
}

Table totals_table(const BaselineCheck& check) {
  Table table;
  table.key = "totals";
  table.columns = {{"figure", "in all", Unit::Text},
                   text("baseline"),
                   text("now"),
                   text("difference"),
                   {"verdict", "", Unit::Text},
                   data("old", Unit::Number),
                   data("new", Unit::Number),
                   data("tolerance", Unit::Number)};
  for (const Figure figure : reports::kBaselineFigures) {
    const FigureCheck& one = check.total[figure];
    if (!one.judged) continue;
    const Sides sides = sides_of(figure, one);
    table.rows.push_back(
        {{std::string(reports::name_of(figure)), sides.before, sides.now,
          difference_of(figure, one), verdict_on(one), one.before, one.now, one.tolerance},
         {},
         {}});
  }
  return table;
}

Table limits_table(const CheckReport& report) {
  Table table;
  table.key = "limits";
  table.columns = {{"limit", "budget", Unit::Name},
                   text("limit"),
                   text("now"),
                   {"verdict", "", Unit::Text},
                   data("allowed", Unit::Share),
                   data("new", Unit::Share)};
  for (const LimitCheck& limit : report.limits) {
    table.rows.push_back(
        {{name_of(limit), amount_of(limit, limit.limit), amount_of(limit, limit.now),
          limit.is_kept() ? "kept" : "EXCEEDED", rounded(limit.limit), rounded(limit.now)},
         {},
         {}});
  }
  return table;
}

// Paths -------------------------------------------------------------------------------------------

// "0 -> 1,000 allocations · 0 B -> 31.2 KiB"
std::string old_and_new(const PathCheck& check) {
  std::string line;
  for (const Figure figure : reports::kPathFigures) {
    const FigureCheck& one = check.figures[figure];
    if (!one.judged || one.change() == 0) continue;
    const Sides sides = sides_of(figure, one);
    line += fmt::format("{}{} -> {}", line.empty() ? "" : " · ", sides.before, sides.now);
    if (figure != Figure::Bytes) line += fmt::format(" {}", reports::name_of(figure));
  }
  return line;
}

std::vector<std::string> details_of(const PathCheck& check) {
  const bool is_gone = check.stack.frames.empty();
  const std::string place = is_gone ? "" : short_place(check.stack.blamed());
  const std::string path = check.is_branch ? "on paths below " + check.path : check.path;
  std::vector<std::string> lines =
      wrap_text((place.empty() ? "" : "at " + place + " · ") + old_and_new(check), kDetailWidth);
  if (is_gone) {
    append_wrapped(lines, path, kDetailWidth);
  } else {
    append(lines, caller_chain(check.stack, kDetailWidth));
  }
  return lines;
}

Value change_cell(const PathCheck& check, Figure figure) {
  const FigureCheck& one = check.figures[figure];
  return one.judged && one.change() != 0 ? Value{change_of(figure, one.change())} : Value{};
}

Row row_of(const PathCheck& check, bool with_details) {
  const auto old_and_now = [&](Figure figure, std::int64_t FigureCheck::*side) {
    return check.figures[figure].judged ? Value{check.figures[figure].*side} : Value{};
  };
  const bool is_gone = check.stack.frames.empty();
  Row row;
  for (const Figure figure : reports::kPathFigures)
    row.values.push_back(change_cell(check, figure));
  row.values.emplace_back(function_of(check));
  if (!with_details) {
    row.values.emplace_back(is_gone ? "" : short_place(check.stack.blamed()));
    row.values.emplace_back(old_and_new(check));
  }
  row.values.emplace_back(check.path);
  for (const Figure figure : reports::kPathFigures) {
    row.values.push_back(old_and_now(figure, &FigureCheck::before));
    row.values.push_back(old_and_now(figure, &FigureCheck::now));
  }
  row.values.emplace_back(is_gone ? "" : check.stack.blamed().file);
  row.values.emplace_back(is_gone ? std::int64_t{0} : check.stack.blamed().line);
  row.values.emplace_back(check.is_branch);
  row.values.emplace_back(check.stack.frames);
  if (with_details) row.details = details_of(check);
  return row;
}

Table paths_table(const std::string& key, const std::string& heading,
                  const std::vector<PathCheck>& checks, const CheckDetail& detail) {
  Table table;
  table.key = key;
  table.heading = heading;
  table.columns = {text("allocations"), text("bytes"), text("leaks"), text("function", Unit::Name)};
  // Where there are no lines below a row.
  if (!detail.wanted) append(table.columns, {text("at"), text("before -> now")});
  table.columns.push_back(data("path", Unit::Name));
  for (const Figure figure : reports::kPathFigures) {
    table.columns.push_back(data("old_" + std::string(reports::name_of(figure)), Unit::Number));
    table.columns.push_back(data("new_" + std::string(reports::name_of(figure)), Unit::Number));
  }
  append(table.columns, {data("file", Unit::Name), data("line", Unit::Number),
                         data("branch", Unit::Number), data("stack", Unit::Stack)});
  for (const PathCheck& check : checks) {
    if (detail.limit && static_cast<std::int64_t>(table.rows.size()) >= *detail.limit) break;
    table.rows.push_back(row_of(check, detail.wanted));
  }
  const std::size_t hidden = checks.size() - table.rows.size();
  if (hidden > 0) {
    table.heading += fmt::format(" ({} of {}; --limit 0: all)", table.rows.size(), checks.size());
  }
  return table;
}

// Sentences ---------------------------------------------------------------------------------------

std::string rises_in_words(const FigureChecks& total) {
  std::string words;
  for (const Figure figure : reports::kBaselineFigures) {
    if (!total[figure].rose()) continue;
    words += (words.empty() ? "" : ", ") + rise_in_words(figure, total[figure].change());
  }
  return words;
}

// The line that a reviewer reads first.
std::string what_happened(const BaselineCheck& check) {
  const auto paths = static_cast<std::int64_t>(check.rises.size());
  if (check.passed() && paths > 0) {
    return fmt::format("Less than the baseline has in all, although {} {} more",
                       format_plural(paths, "call path"), paths == 1 ? "takes" : "take");
  }
  if (check.passed()) {
    return check.improved() ? "Less than the baseline has" : "As the baseline has it";
  }
  if (check.rises.empty()) return "In all " + rises_in_words(check.total);
  return fmt::format("{} {} more than the baseline has", format_plural(paths, "call path"),
                     paths == 1 ? "takes" : "take");
}

std::string exceeded(const CheckReport& report) {
  std::string names;
  for (const LimitCheck& limit : report.limits) {
    if (!limit.is_kept()) names += (names.empty() ? "" : ", ") + name_of(limit);
  }
  if (names.empty())
    return format_plural(static_cast<std::int64_t>(report.limits.size()), "limit") + " kept";
  return "Over the budget: " + names;
}

std::string where_the_peak_is(const BaselineCheck& check) {
  if (!check.total[Figure::Peak].rose() || check.peak_holder.frames.empty()) return "";
  PathCheck holder;
  holder.stack = check.peak_holder;
  return "Most of the peak is held by " + function_at_place(holder) + ".";
}

std::string advice_on(const BaselineCheck& check, const std::string& update) {
  std::string advice;
  if (!check.rises.empty() && !check.passed()) {
    const PathCheck& first = check.rises.front();
    const Figure figure = worst_figure(first.figures, check.total);
    advice = fmt::format("Look first at {}: {}.", function_at_place(first),
                         rise_in_words(figure, first.figures[figure].change()));
  }
  if (const std::string peak = where_the_peak_is(check); !peak.empty()) {
    advice += (advice.empty() ? "" : " ") + peak;
  }
  if (update.empty()) return advice;
  if (!check.passed()) return advice + " If it is meant to be so:";
  return check.improved() ? "To keep it that way:" : "";
}

void add_limit_sources(const CheckReport& report, std::vector<std::string>& lines) {
  for (const LimitCheck& limit : report.limits) {
    if (limit.is_kept() || limit.largest.frames.empty()) continue;
    PathCheck largest;
    largest.stack = limit.largest;
    append_wrapped(
        lines, fmt::format("{}: most of it from {}.", name_of(limit), function_at_place(largest)));
  }
}

std::string moved_in_words(std::size_t moved) {
  return moved == 0
             ? ""
             : fmt::format("; {} moved", format_plural(static_cast<std::int64_t>(moved), "path"));
}

void add_baseline(Document& document, const BaselineCheck& check, const CheckDetail& detail) {
  const std::string lead =
      detail.written
          ? format_plural(static_cast<std::int64_t>(check.paths), "call path") + " in " + check.file
          : what_happened(check);
  append_wrapped(document.lead, printable(lead) + moved_in_words(check.moved));
  document.tables.push_back(totals_table(check));
  if (detail.for_programs || !check.rises.empty()) {
    document.tables.push_back(paths_table("rises", "More than before", check.rises, detail));
  }
  if (detail.for_programs || !check.falls.empty()) {
    document.tables.push_back(paths_table("falls", "Less than before", check.falls, detail));
  }
  const std::string advice = advice_on(check, detail.update);
  if (advice.empty() || detail.written) return;
  append_wrapped(document.closing, advice);
  if (!detail.update.empty()) document.closing.push_back("  " + detail.update);
}

}  // namespace

Document check_document(const CheckReport& report, const Context& context,
                        const CheckDetail& detail) {
  Document document;
  document.shape = DataShape::Object;
  const char* const verdict = report.passed() ? "passed" : "FAILED";
  document.title = fmt::format("Check of {}: {}", context.program,
                               detail.written ? "the baseline is written" : verdict);
  if (report.runs > 1) document.title += fmt::format(" ({} runs)", report.runs);
  document.facts = {{"passed", report.passed()},
                    {"program", context.program},
                    {"runs", static_cast<std::int64_t>(report.runs)},
                    {"scope", report.scope}};
  if (report.baseline) {
    document.facts.push_back({"baseline", report.baseline->file});
    document.facts.push_back({"moved", static_cast<std::int64_t>(report.baseline->moved)});
  }
  if (!report.scope.empty()) append_wrapped(document.lead, printable("only " + report.scope));
  if (report.baseline) add_baseline(document, *report.baseline, detail);
  if (!report.limits.empty()) {
    document.lead.push_back(exceeded(report));
    document.tables.push_back(limits_table(report));
    add_limit_sources(report, document.closing);
  }
  document.notes = context.notes;
  return document;
}

}  // namespace heapscribe::render
