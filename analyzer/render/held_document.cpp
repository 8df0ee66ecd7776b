// snapshots --at.
#include <fmt/format.h>

#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"
#include "analyzer/render/growth_documents.h"
#include "analyzer/render/short_name.h"
#include "analyzer/render/stack_lines.h"

namespace heapscribe::render {
namespace {

using reports::HeldReport;
using reports::HeldRow;

constexpr std::size_t kDetailWidth = kTextWidth - 4;

std::string age_of(const model::Ages& ages) {
  const std::string youngest = format_seconds(ages.youngest);
  const std::string oldest = format_seconds(ages.oldest);
  if (youngest == oldest) return oldest + " old on average";
  return fmt::format("between {} and {} old on average", youngest, oldest);
}

std::vector<std::string> details_of(const HeldRow& row) {
  std::vector<std::string> lines =
      wrap_text(site_heading(row.site, row.kind, row.stack.blamed()) + " · " + age_of(row.ages),
                kDetailWidth);
  append(lines, caller_chain(row.stack, kDetailWidth));
  return lines;
}

Table table_of(const HeldReport& report, bool with_details) {
  Table table;
  table.key = "held";
  table.when_empty = "nothing was held";
  table.columns = {text("held", Unit::Bytes),
                   text("blocks", Unit::Count),
                   text("function", Unit::Name),
                   data("live_bytes", Unit::Bytes),
                   data("live_blocks", Unit::Count),
                   data("age_seconds", Unit::Share),
                   data("youngest_age_seconds", Unit::Share),
                   data("oldest_age_seconds", Unit::Share),
                   data("site", Unit::Number),
                   data("kind", Unit::Text),
                   data("function", Unit::Name),
                   data("file", Unit::Name),
                   data("line", Unit::Number),
                   data("module", Unit::Name),
                   data("stack", Unit::Stack)};
  for (const HeldRow& held : report.rows) {
    const model::Frame& blamed = held.stack.blamed();
    Row row;
    row.values = {held.held.live_bytes.value,
                  held.held.live_blocks.value,
                  short_name(blamed.function),
                  held.held.live_bytes.value,
                  held.held.live_blocks.value,
                  rounded(held.ages.mean()),
                  rounded(held.ages.youngest),
                  rounded(held.ages.oldest),
                  held.site.value,
                  held.kind,
                  blamed.function,
                  blamed.file,
                  blamed.line,
                  blamed.module,
                  held.stack.frames};
    if (with_details) row.details = details_of(held);
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

Document held_document(const HeldReport& report, const Context& context, bool with_details) {
  Document document;
  document.title = "Held by " + context.program;
  document.notes = context.notes;
  append_wrapped(document.lead, "at    " + report.moment.words);
  append_wrapped(document.lead,
                 fmt::format("held: {} in {} of {}", format_bytes(report.sum.live_bytes.value),
                             format_plural(report.sum.live_blocks.value, "block"),
                             format_plural(static_cast<std::int64_t>(report.sites), "site")));
  document.tables = {table_of(report, with_details)};
  append_wrapped(
      document.closing,
      "Ages are bounds: of the mean, if always the youngest or always the oldest block of "
      "a site was released first.");
  return document;
}

}  // namespace heapscribe::render
