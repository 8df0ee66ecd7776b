// compare.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/render/difference_documents.h"
#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/short_name.h"
#include "analyzer/render/stack_lines.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

using reports::Compared;
using reports::ComparedUnit;
using reports::Comparison;
using reports::DifferenceBy;
using reports::MetricRow;
using reports::Outcome;
using reports::PlaceRow;
using reports::Spread;

std::string amount(double value, ComparedUnit unit) {
  switch (unit) {
    case ComparedUnit::Bytes:
      return format_bytes(std::llround(value));
    case ComparedUnit::Count:
      return format_count(std::llround(value));
    case ComparedUnit::Seconds:
      return format_duration(std::llround(value * 1e9));
  }
  return "";
}

std::string with_noise(const Spread& spread, ComparedUnit unit) {
  if (!spread.known) return "not known";
  if (spread.width() == 0) return amount(spread.median, unit);
  return fmt::format("{} ±{}", amount(spread.median, unit),
                     spread.median != 0
                         ? fmt::format("{:.1f} %", 50 * spread.width() / std::abs(spread.median))
                         : amount(spread.width() / 2, unit));
}

std::string change_of(const Compared& values) {
  if (!values.known()) return "";
  if (values.change() == 0) return "0 %";
  if (values.before.median == 0) return "new";
  return fmt::format("{:+.1f} %", 100 * values.change() / values.before.median);
}

std::string words_of(Outcome outcome) {
  return outcome == Outcome::WithinNoise ? "within noise" : std::string(reports::name_of(outcome));
}

// What both tables say about the values.
const std::vector<Column>& value_columns() {
  static const std::vector<Column> columns = {
      text("before", Unit::Text),       text("after", Unit::Text),
      text("change", Unit::Text),       text("verdict", Unit::Text),
      data("verdict", Unit::Text),      data("before", Unit::Number),
      data("before_low", Unit::Number), data("before_high", Unit::Number),
      data("after", Unit::Number),      data("after_low", Unit::Number),
      data("after_high", Unit::Number), data("delta", Unit::Number),
      data("p", Unit::Number)};
  return columns;
}

Value number_if(bool known, double number) {
  return known ? Value(number) : Value();
}

void append_values(Row& row, const Compared& values) {
  row.values.insert(
      row.values.end(),
      {with_noise(values.before, values.unit), with_noise(values.after, values.unit),
       change_of(values), words_of(values.outcome), std::string(reports::name_of(values.outcome)),
       number_if(values.before.known, values.before.median),
       number_if(values.before.known, values.before.lowest),
       number_if(values.before.known, values.before.highest),
       number_if(values.after.known, values.after.median),
       number_if(values.after.known, values.after.lowest),
       number_if(values.after.known, values.after.highest),
       number_if(values.known(), values.change()), values.tested ? Value(values.p) : Value()});
}

bool is_significant(const Compared& values) {
  return values.outcome == Outcome::Higher || values.outcome == Outcome::Lower;
}

Table metrics_table(const Comparison& comparison) {
  Table table;
  table.key = "metrics";
  table.columns = {{"metric", "", Unit::Name}};
  const auto& more = value_columns();
  table.columns.insert(table.columns.end(), more.begin(), more.end());
  for (const MetricRow& metric : comparison.metrics) {
    Row row;
    row.values = {metric.name};
    append_values(row, metric.values);
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string measure_of(DifferenceBy by) {
  switch (by) {
    case DifferenceBy::Live:
      return "bytes held at the end";
    case DifferenceBy::Peak:
      return "bytes held at the peak";
    case DifferenceBy::Bytes:
      return "bytes allocated";
    case DifferenceBy::Allocations:
      return "allocations";
  }
  return "";
}

Table places_table(const Comparison& comparison, const DifferenceDetail& detail) {
  Table table;
  table.key = "places";
  table.heading = "Places by " + measure_of(comparison.by);
  table.when_empty = "no place differs";
  const auto& more = value_columns();
  table.columns.insert(table.columns.end(), more.begin(), more.end());
  table.columns.push_back(text("function", Unit::Name));
  table.columns.push_back(data("function", Unit::Name));
  table.columns.push_back(data("file", Unit::Name));
  table.columns.push_back(data("line", Unit::Number));
  table.columns.push_back(data("module", Unit::Name));
  for (const PlaceRow& place : comparison.rows) {
    const bool open = place.values.outcome == Outcome::Unknown && place.values.change() != 0;
    if (!is_significant(place.values) && !open && !detail.unchanged) continue;
    if (detail.limit && static_cast<std::int64_t>(table.rows.size()) >= *detail.limit) break;
    const model::Frame& blamed = place.stack.blamed();
    Row row;
    append_values(row, place.values);
    row.values.insert(row.values.end(), {short_name(blamed.function), blamed.function, blamed.file,
                                         blamed.line, blamed.module});
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string verdict_on(const Comparison& comparison) {
  if (std::min(comparison.runs_before, comparison.runs_after) < 2) {
    return "One run does not tell its noise: repeat both sides, four times or more.";
  }
  std::vector<std::string> found;
  for (const MetricRow& metric : comparison.metrics) {
    if (!is_significant(metric.values)) continue;
    std::string name = metric.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    found.push_back(fmt::format("{} {}", name, change_of(metric.values)));
  }
  std::string sentence;
  if (found.empty()) {
    sentence = "No metric differs by more than the runs among themselves.";
  } else {
    sentence = "Beyond noise:";
    for (std::size_t i = 0; i < found.size(); ++i) sentence += (i > 0 ? ", " : " ") + found[i];
    sentence += ".";
  }
  if (!comparison.rows.empty() && is_significant(comparison.rows.front().values)) {
    const PlaceRow& first = comparison.rows.front();
    sentence += fmt::format(" Look first at {}: {}.", short_name(first.stack.blamed().function),
                            change_of(first.values));
  }
  return sentence;
}

std::string method_of(const Comparison& comparison) {
  const bool tested = !comparison.metrics.empty() && comparison.metrics.front().values.tested;
  return tested ? "Medians and half the range; differences by an exact rank test at 5 %."
                : "Medians and half the range; too few runs for a test, so ranges must be apart.";
}

}  // namespace

Document comparison_document(const Comparison& comparison, const Context& context,
                             const DifferenceDetail& detail) {
  Document document;
  document.title = "Comparison of " + context.program;
  document.shape = DataShape::Object;
  document.facts = {{"runs_before", static_cast<std::int64_t>(comparison.runs_before)},
                    {"runs_after", static_cast<std::int64_t>(comparison.runs_after)}};
  document.lead = {
      fmt::format("{} before, {} after",
                  format_plural(static_cast<std::int64_t>(comparison.runs_before), "run"),
                  comparison.runs_after),
      method_of(comparison)};
  document.tables = {metrics_table(comparison), places_table(comparison, detail)};
  document.closing = wrap_text(verdict_on(comparison), kTextWidth);
  document.notes = context.notes;
  return document;
}

}  // namespace heapscribe::render
