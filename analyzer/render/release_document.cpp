// releases.
#include <fmt/format.h>

#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/render/short_name.h"
#include "analyzer/render/stack_lines.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

using reports::ReleasePair;
using reports::ReleasesReport;

constexpr std::size_t kDetailWidth = kTextWidth - 4;

double share_of(const ReleasePair& pair, const ReleasesReport& report) {
  return report.by_count ? model::share(pair.frees, report.frees)
                         : model::share(pair.bytes, report.bytes);
}

std::string with_place(const std::string& what, const model::Frame& frame) {
  const std::string place = short_place(frame);
  return what + " " + short_name(frame.function) + (place.empty() ? "" : " at " + place);
}

std::vector<std::string> details_of(const ReleasePair& pair) {
  std::vector<std::string> lines =
      wrap_text(with_place("allocated in", *pair.allocated), kDetailWidth);
  append(lines, caller_chain(pair.allocating_stack, kDetailWidth));
  append_wrapped(lines, with_place("released in", *pair.released), kDetailWidth);
  append(lines, caller_chain(pair.releasing_stack, kDetailWidth));
  return lines;
}

Table pair_table(const ReleasesReport& report, bool with_details) {
  Table table;
  table.key = "pairs";
  table.when_empty = "nothing was released";
  table.columns = {{"bytes", "bytes", Unit::Bytes},
                   {"share", "share", Unit::Share},
                   {"frees", "frees", Unit::Count},
                   {"", "allocated in > released in", Unit::Name, Shown::InText},
                   data("sites", Unit::Count),
                   data("site", Unit::Number),
                   data("function", Unit::Name),
                   data("file", Unit::Name),
                   data("line", Unit::Number),
                   data("module", Unit::Name),
                   data("released_function", Unit::Name),
                   data("released_file", Unit::Name),
                   data("released_line", Unit::Number),
                   data("released_module", Unit::Name),
                   data("stack", Unit::Stack),
                   data("released_stack", Unit::Stack)};
  for (const ReleasePair& pair : report.rows) {
    const model::Frame& allocated = *pair.allocated;
    const model::Frame& released = *pair.released;
    Row row;
    row.values = {pair.bytes.value,
                  share_of(pair, report),
                  pair.frees.value,
                  short_name(allocated.function) + " > " + short_name(released.function),
                  pair.sites.value,
                  pair.site.value,
                  allocated.function,
                  allocated.file,
                  allocated.line,
                  allocated.module,
                  released.function,
                  released.file,
                  released.line,
                  released.module,
                  pair.allocating_stack.frames,
                  pair.releasing_stack.frames};
    if (with_details) row.details = details_of(pair);
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string coverage(const ReleasesReport& report) {
  return fmt::format("{} of {}: {} released in {}",
                     format_count(static_cast<std::int64_t>(report.rows.size())),
                     format_plural(report.pairs.value, "pair"), format_bytes(report.bytes.value),
                     format_plural(report.frees.value, "block"));
}

std::vector<std::string> verdicts(const ReleasesReport& report) {
  std::vector<std::string> sentences;
  if (report.known_bytes.value > 0) {
    sentences.push_back(fmt::format(
        "{} of the bytes were released by the function that allocated them; such a function can "
        "keep "
        "its buffer for the next call. The rest changes hands: the second function owns it.",
        format_share(model::share(report.bytes_at_home, report.known_bytes))));
  }
  if (report.known_frees < report.frees) {
    sentences.push_back(
        fmt::format("Where {} happened is not known.",
                    format_plural((report.frees - report.known_frees).value, "release")));
  }
  std::vector<std::string> lines;
  for (const std::string& sentence : sentences) append_wrapped(lines, sentence);
  return lines;
}

}  // namespace

Document releases_document(const ReleasesReport& report, const Context& context,
                           bool with_details) {
  Document document;
  document.title = "Releases of " + context.program;
  document.notes = context.notes;
  if (!report.recorded) {
    document.lead = {"This recording does not tell where blocks were released. To have it do so:",
                     "  heapscribe run --free-stacks -- PROGRAM ARGUMENTS"};
    document.tables = {pair_table(report, false)};
    document.tables.front().when_empty = "nothing is known";
    return document;
  }
  add_selection(document, context);
  document.lead.push_back(coverage(report));
  document.tables = {pair_table(report, with_details)};
  document.closing = verdicts(report);
  return document;
}

}  // namespace heapscribe::render
