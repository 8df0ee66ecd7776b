// diff.
#include <fmt/format.h>

#include <cstdlib>

#include "analyzer/render/difference_documents.h"
#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/short_name.h"
#include "analyzer/render/stack_lines.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

using reports::Change;
using reports::Difference;
using reports::DifferenceBy;
using reports::DifferenceRow;

constexpr std::size_t kDetailWidth = kTextWidth - 2;

std::string measure_of(DifferenceBy by) {
  switch (by) {
    case DifferenceBy::Live:
      return "held";
    case DifferenceBy::Peak:
      return "held at the peak";
    case DifferenceBy::Bytes:
      return "allocated";
    case DifferenceBy::Allocations:
      return "allocations";
  }
  return "";
}

std::string amount(std::int64_t value, DifferenceBy by) {
  return by == DifferenceBy::Allocations ? format_count(value) : format_bytes(value);
}

std::string with_sign(std::int64_t value, DifferenceBy by) {
  if (value == 0) return "0";
  return (value > 0 ? "+" : "-") + amount(std::abs(value), by);
}

std::string name_of_place(const DifferenceRow& row) {
  const model::Frame& place = row.stack.blamed();
  const std::string where = short_place(place);
  const std::string name = short_name(place.function);
  return where.empty() ? name : fmt::format("{} ({})", name, where);
}

std::vector<std::string> details_of(const DifferenceRow& row) {
  std::vector<std::string> lines;
  const std::string place = short_place(row.stack.blamed());
  std::string line = place.empty() ? "" : "at " + place + " · ";
  line += fmt::format("{} -> {}", format_count(row.before.live_blocks.value),
                      format_plural(row.after.live_blocks.value, "block"));
  if (row.sites.value > 1) line += " · " + format_plural(row.sites.value, "site");
  lines.push_back(line);
  for (std::string& caller : caller_chain(row.stack, kDetailWidth)) {
    lines.push_back(std::move(caller));
  }
  return lines;
}

Row row_of(const DifferenceRow& row, DifferenceBy by, bool with_details) {
  const model::Frame& place = row.stack.blamed();
  const std::int64_t before = value_of(row.before, by);
  const std::int64_t after = value_of(row.after, by);
  Row result;
  result.values = {std::string(reports::name_of(row.change)),
                   amount(before, by),
                   amount(after, by),
                   with_sign(after - before, by),
                   short_name(place.function),
                   before,
                   after,
                   after - before,
                   place.function,
                   place.file,
                   place.line,
                   place.module,
                   row.sites.value,
                   row.before.live_blocks.value,
                   row.after.live_blocks.value,
                   row.stack.frames};
  if (with_details) result.details = details_of(row);
  return result;
}

Table rows_table(const Difference& difference, const DifferenceDetail& detail) {
  Table table;
  table.key = "places";
  table.when_empty = "nothing changed";
  table.columns = {{"change", "change", Unit::Text}, text("before", Unit::Text),
                   text("after", Unit::Text),        text("difference", Unit::Text),
                   text("function", Unit::Name),     data("old", Unit::Number),
                   data("new", Unit::Number),        data("delta", Unit::Number),
                   data("function", Unit::Name),     data("file", Unit::Name),
                   data("line", Unit::Number),       data("module", Unit::Name),
                   data("sites", Unit::Count),       data("old_blocks", Unit::Count),
                   data("new_blocks", Unit::Count),  data("stack", Unit::Stack)};
  for (const DifferenceRow& row : difference.rows) {
    if (row.change == Change::Same && !detail.unchanged) continue;
    if (detail.limit && static_cast<std::int64_t>(table.rows.size()) >= *detail.limit) break;
    table.rows.push_back(row_of(row, difference.by, detail.wanted));
  }
  return table;
}

std::string verdict_on(const Difference& difference) {
  const DifferenceBy by = difference.by;
  const std::int64_t before = value_of(difference.total_before, by);
  const std::int64_t change = value_of(difference.total_after, by) - before;
  if (difference.changed.value == 0) return "There is no difference.";
  const DifferenceRow& first = difference.rows.front();
  const std::int64_t delta = first.delta(by);
  std::string sentence =
      change == 0
          ? "As much in all, but not the same: "
          : fmt::format("{} {}{}: ", with_sign(change, by), measure_of(by),
                        before > 0
                            ? fmt::format(" ({}{})", change > 0 ? "+" : "-",
                                          format_share(std::abs(static_cast<double>(change)) /
                                                       static_cast<double>(before)))
                            : "");
  sentence += fmt::format("look first at {}, {}", name_of_place(first), with_sign(delta, by));
  if (first.change == Change::New) sentence += ", which is new";
  if (first.change == Change::Gone) sentence += ", which is gone";
  return sentence + ".";
}

}  // namespace

Document difference_document(const Difference& difference, const Context& context,
                             const DifferenceDetail& detail) {
  Document document;
  document.title = "Difference of " + context.program;
  for (const std::string& line : {"from  " + difference.before, "to    " + difference.after}) {
    document.lead.push_back(printable(line));
  }
  add_selection(document, context);
  document.lead.push_back(
      fmt::format("{}: {} -> {}; {} of {} changed", measure_of(difference.by),
                  amount(value_of(difference.total_before, difference.by), difference.by),
                  amount(value_of(difference.total_after, difference.by), difference.by),
                  format_count(difference.changed.value),
                  format_plural(static_cast<std::int64_t>(difference.rows.size()), "place")));
  document.tables = {rows_table(difference, detail)};
  document.closing = wrap_text(verdict_on(difference), kTextWidth);
  document.notes = context.notes;
  return document;
}

}  // namespace heapscribe::render
