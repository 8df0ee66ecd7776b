#include "analyzer/render/section_document.h"

#include <fmt/format.h>

#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"

namespace heapscribe::render {
namespace {

using reports::SectionRow;
using reports::SectionsReport;

Row row_of(const SectionRow& row) {
  Row result;
  result.values = {std::string(2 * row.depth, ' ') + row.name,
                   row.path,
                   row.id,
                   row.parent != 0 ? Value(row.parent) : Value(),
                   row.entered.value,
                   row.ended.value,
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
                   row.gross.peak_bytes.value,
                   row.net.peak_bytes.value,
                   row.gross.temporary.value,
                   row.first.value};
  return result;
}

std::vector<Column> columns() {
  return {text("section", Unit::Name),
          data("section", Unit::Name),
          data("id", Unit::Number),
          data("parent_id", Unit::Number),
          {"entered", "entered", Unit::Count},
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
          {"peak_bytes", "at peak", Unit::Bytes},
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

std::vector<std::string> sentences(const SectionsReport& report, const Context& context) {
  std::vector<std::string> result;
  result.push_back(fmt::format("In sections: {} of {} allocated in the whole run.",
                               format_bytes(report.all.bytes.value),
                               format_bytes(report.run_bytes.value)));
  result.emplace_back(
      "Allocations and bytes include the sections within, its own bytes are without them. Alive is "
      "what "
      "was not freed since, by whichever thread; at peak, what the section held at the process's "
      "high-water mark.");
  if (report.by_thread) {
    result.emplace_back(
        "Entries and the peak are not recorded by thread: they are of all threads.");
  }
  if (report.estimated) result.emplace_back("Estimated: only samples were recorded.");
  if (const std::string open = unended(report); !open.empty()) result.push_back(open);
  result.push_back(fmt::format("Where in a section: heapscribe hotspots {} --section '{}'",
                               context.path, report.rows.front().path));
  return result;
}

}  // namespace

Document sections_document(const SectionsReport& report, const Context& context) {
  Document document;
  document.title = "Sections of " + context.program;
  document.notes = context.notes;
  add_selection(document, context);
  Table table;
  table.key = "sections";
  table.when_empty = "the program entered no section; see README.md, From within the program";
  table.columns = columns();
  for (const SectionRow& row : report.rows) table.rows.push_back(row_of(row));
  document.tables = {std::move(table)};
  if (report.rows.empty()) return document;
  for (const std::string& sentence : sentences(report, context)) {
    append_wrapped(document.closing, sentence);
  }
  return document;
}

}  // namespace heapscribe::render
