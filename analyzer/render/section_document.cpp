#include "analyzer/render/section_document.h"

#include <fmt/format.h>

#include "analyzer/model/shell_word.h"
#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"

namespace heapscribe::render {
namespace {

using reports::SectionPattern;
using reports::SectionRow;
using reports::SectionsReport;

// Of functions it is not recorded when they begin and end; of all sections' sites by function, what
// one thread held at the peak.
struct Known {
  explicit Known(const SectionsReport& report)
      : entries(!report.by_function()), peak(!report.by_function() || !report.by_thread) {}
  bool entries;
  bool peak;
};

Value when(bool known, std::int64_t value) {
  return known ? Value(value) : Value();
}

Row row_of(const SectionRow& row, const Known& known) {
  Row result;
  result.values = {std::string(2 * row.depth, ' ') + row.name,
                   row.path,
                   row.id,
                   row.parent != 0 ? Value(row.parent) : Value(),
                   when(known.entries, row.entered.value),
                   when(known.entries, row.ended.value),
                   row.gross.allocations.value,
                   row.gross.bytes.value,
                   row.net.allocations.value,
                   row.net.bytes.value,
                   row.gross.frees.value,
                   row.gross.freed_bytes.value,
                   row.gross.live_blocks().value,
                   row.gross.live_bytes().value,
                   row.net.live_blocks().value,
                   row.net.live_bytes().value,
                   when(known.peak, row.gross.peak_bytes.value),
                   when(known.peak, row.net.peak_bytes.value),
                   row.gross.temporary.value,
                   when(known.entries, row.first.value)};
  return result;
}

// In text only where there is something to show.
Column shown_if(bool known, std::string key, std::string title, Unit unit) {
  return {std::move(key), std::move(title), unit, known ? Shown::Everywhere : Shown::InData};
}

std::vector<Column> columns(const Known& known) {
  return {text("section", Unit::Name),
          data("section", Unit::Name),
          data("id", Unit::Number),
          data("parent_id", Unit::Number),
          shown_if(known.entries, "entered", "entered", Unit::Count),
          data("ended", Unit::Count),
          {"allocations", "allocations", Unit::Count},
          {"bytes", "bytes", Unit::Bytes},
          data("net_allocations", Unit::Count),
          {"net_bytes", "its own", Unit::Bytes},
          data("frees", Unit::Count),
          data("freed_bytes", Unit::Bytes),
          data("live_blocks", Unit::Count),
          {"live_bytes", "alive", Unit::Bytes},
          data("net_live_blocks", Unit::Count),
          data("net_live_bytes", Unit::Bytes),
          shown_if(known.peak, "peak_bytes", "at peak", Unit::Bytes),
          data("net_peak_bytes", Unit::Bytes),
          data("temporary", Unit::Count),
          data("first_ns", Unit::Number)};
}

// The section that was left least often.
std::string unended(const SectionsReport& report) {
  const SectionRow* most = nullptr;
  for (const SectionRow& row : report.rows) {
    const std::int64_t open = row.entered.value - row.ended.value;
    if (open > 0 && (most == nullptr || open > most->entered.value - most->ended.value)) {
      most = &row;
    }
  }
  if (most == nullptr) return {};
  return fmt::format("{} was entered {} and ended {}: was an end forgotten, or is it at work?",
                     most->path, format_plural(most->entered.value, "time"),
                     format_plural(most->ended.value, "time"));
}

std::string in_words(const std::vector<SectionPattern>& patterns) {
  std::string words;
  for (const SectionPattern& pattern : patterns) {
    words += fmt::format("{}--section {}", words.empty() ? "" : " ",
                         model::shell_word(pattern.name + "=" + pattern.expression));
  }
  return words;
}

std::string meaning(const SectionsReport& report) {
  return fmt::format(
      "Allocations and bytes include the sections within, its own bytes are without them. Alive is "
      "what was {}{}",
      report.by_thread ? "allocated less what the thread itself freed"
                       : "not freed since, by whichever thread",
      Known(report).peak ? "; at peak, what the section held at the process's high-water mark."
                         : ".");
}

std::string about_threads(const SectionsReport& report) {
  if (!report.by_thread) return {};
  return report.by_function()
             ? "The peak is not recorded by thread."
             : "Entries and the peak are not recorded by thread: they are of all threads.";
}

// How to go on from the section with most bytes.
std::string next_command(const SectionsReport& report, const Context& context) {
  const SectionRow& first = report.rows.front();
  std::string filter = "--section '" + first.path + "'";
  for (const SectionPattern& pattern : report.patterns) {
    if (pattern.name == first.name) filter = "--function " + model::shell_word(pattern.expression);
  }
  return fmt::format("Where in a section: heapscribe hotspots {} {}", context.path, filter);
}

std::vector<std::string> sentences(const SectionsReport& report, const Context& context) {
  std::vector<std::string> result;
  result.push_back(fmt::format("In sections: {} of {} allocated in the whole run.",
                               format_bytes(report.all.bytes.value),
                               format_bytes(report.run_bytes.value)));
  result.push_back(meaning(report));
  result.push_back(about_threads(report));
  if (report.estimated) result.emplace_back("Estimated: only samples were recorded.");
  result.push_back(unended(report));
  result.push_back(next_command(report, context));
  std::erase(result, "");
  return result;
}

// Why sections are not shown.
std::vector<std::string> unmatched(const SectionsReport& report, const Context& context) {
  if (report.unmatched.empty()) return {};
  if (!report.has_stacks)
    return {"No stack was recorded (--mode counts), so no function is known."};
  return {
      fmt::format("No function on a stack is found by {}. How functions are called: heapscribe "
                  "hotspots {} --group function",
                  in_words(report.unmatched), context.path)};
}

std::string when_empty(const SectionsReport& report) {
  if (!report.by_function()) {
    return "the program entered no section; see README.md, From within the program";
  }
  return report.by_thread && report.unmatched.size() < report.patterns.size()
             ? "this thread allocated nothing in these sections"
             : "no section";
}

}  // namespace

Document sections_document(const SectionsReport& report, const Context& context) {
  Document document;
  document.title = "Sections of " + context.program;
  document.notes = context.notes;
  append(document.notes, unmatched(report, context));
  add_selection(document, context);
  if (report.by_function()) append_wrapped(document.lead, printable(in_words(report.patterns)));
  const Known known(report);
  Table table;
  table.key = "sections";
  table.when_empty = when_empty(report);
  table.columns = columns(known);
  for (const SectionRow& row : report.rows) table.rows.push_back(row_of(row, known));
  document.tables = {std::move(table)};
  if (report.rows.empty()) return document;
  for (const std::string& sentence : sentences(report, context)) {
    append_wrapped(document.closing, sentence);
  }
  return document;
}

}  // namespace heapscribe::render
