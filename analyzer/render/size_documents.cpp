// sizes and losses.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/render/format.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/render/short_name.h"
#include "analyzer/render/stack_lines.h"

namespace heapscribe::render {
namespace {

constexpr std::size_t kBarWidth = 30;

std::string range_text(const reports::SizeClass& size) {
  if (size.lower == size.upper) return format_bytes(size.upper.value);
  return fmt::format("{} to {}", format_bytes(size.lower.value), format_bytes(size.upper.value));
}

std::string bar(std::int64_t value, std::int64_t highest) {
  if (highest <= 0 || value <= 0) return {};
  const auto length = static_cast<std::size_t>(static_cast<double>(value) * kBarWidth /
                                               static_cast<double>(highest));
  std::string text;
  for (std::size_t i = 0; i < std::max<std::size_t>(length, 1); ++i)
    text += length == 0 ? "▏" : "█";
  return text;
}

std::vector<Column> size_columns() {
  return {{"", "size", Unit::Text, Shown::InText},   {"lower", "", Unit::Bytes, Shown::InData},
          {"upper", "", Unit::Bytes, Shown::InData}, {"allocations", "allocations", Unit::Count},
          {"share", "share", Unit::Share},           {"", "", Unit::Text, Shown::InText}};
}

Table size_table(const std::string& key, const std::string& heading,
                 const std::vector<reports::SizeClass>& classes, model::Count all) {
  Table table{key, heading, size_columns(), {}, Layout::Flat, "no sizes were recorded"};
  std::int64_t highest = 0;
  for (const auto& size : classes) highest = std::max(highest, size.allocations.value);
  for (const auto& size : classes) {
    Row row;
    row.values = {range_text(size),
                  size.lower.value,
                  size.upper.value,
                  size.allocations.value,
                  model::share(size.allocations, all),
                  bar(size.allocations.value, highest)};
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table slack_table(const reports::SizesReport& report) {
  Table table;
  table.key = "sites";
  table.heading = "Sites that lose most to rounding";
  table.when_empty =
      report.usable.value == 0 ? "rounding is not known" : "no site loses anything to rounding";
  table.columns = {{"site", "", Unit::Number, Shown::InData},
                   {"slack_bytes", "slack", Unit::Bytes},
                   {"slack_share", "share", Unit::Share},
                   {"allocations", "allocations", Unit::Count},
                   {"mean_size", "mean", Unit::Bytes},
                   {"requested_bytes", "", Unit::Bytes, Shown::InData},
                   {"usable_bytes", "", Unit::Bytes, Shown::InData},
                   {"", "function", Unit::Name, Shown::InText},
                   {"function", "", Unit::Name, Shown::InData},
                   {"file", "", Unit::Name, Shown::InData},
                   {"line", "", Unit::Number, Shown::InData},
                   {"", "at", Unit::Name, Shown::InText},
                   {"stack", "", Unit::Stack, Shown::InData}};
  for (const reports::SiteRow& site : report.slack_sites) {
    const model::Bytes slack = site.usable_bytes - site.measures.bytes;
    const model::Frame& blamed = site.stack.blamed();
    Row row;
    row.values = {site.id.value,
                  slack.value,
                  model::share(slack, site.usable_bytes),
                  site.measures.allocations.value,
                  site.mean_size().value,
                  site.measures.bytes.value,
                  site.usable_bytes.value,
                  short_name(blamed.function),
                  blamed.function,
                  blamed.file,
                  blamed.line,
                  short_place(blamed),
                  site.stack.frames};
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string slack_sentence(const reports::SizesReport& report) {
  if (report.usable.value == 0) return "What is lost to rounding is not known.";
  return fmt::format("requested {}, handed out {}: {} ({}) lost to rounding",
                     format_bytes(report.requested.value), format_bytes(report.usable.value),
                     format_bytes(report.slack().value),
                     format_share(model::share(report.slack(), report.usable)));
}

}  // namespace

Document sizes_document(const reports::SizesReport& report, const Context& context) {
  Document document;
  document.shape = DataShape::Object;
  document.title = "Sizes of " + context.program;
  const std::int64_t calls = report.allocations.value;
  const std::int64_t mean = calls == 0 ? 0 : report.requested.value / calls;
  const bool rounding_known = report.usable.value != 0;
  document.lead = {
      fmt::format("{}, mean size {}", format_plural(calls, "allocation"), format_bytes(mean)),
      slack_sentence(report)};
  document.facts = {{"allocations", calls},
                    {"requested_bytes", report.requested.value},
                    {"usable_bytes", rounding_known ? Value(report.usable.value) : Value()},
                    {"slack_bytes", rounding_known ? Value(report.slack().value) : Value()},
                    {"slack_share",
                     rounding_known ? Value(model::share(report.slack(), report.usable)) : Value()},
                    {"mean_size", mean}};
  document.tables = {
      size_table("histogram", "Requested sizes", report.histogram, report.allocations),
      size_table("top", "Most frequent sizes", report.top, report.allocations),
      slack_table(report)};
  document.notes = context.notes;
  return document;
}

Document losses_document(const std::vector<model::Loss>& losses, const Context& context) {
  Document document;
  document.title = "Losses of " + context.program;
  Table table;
  table.key = "losses";
  table.columns = {{"kind", "kind", Unit::Text},
                   {"events", "events", Unit::Count},
                   {"meaning", "", Unit::Text, Shown::InData}};
  bool any = false;
  for (const model::Loss& loss : losses) {
    any = any || loss.events.value > 0;
    Row row;
    row.values = {loss.kind, loss.events.value, loss.meaning};
    row.details = {loss.meaning};
    table.rows.push_back(std::move(row));
  }
  document.lead = {any ? "Not everything could be recorded." : "Nothing was lost."};
  document.tables.push_back(std::move(table));
  document.notes = context.notes;
  return document;
}

}  // namespace heapscribe::render
