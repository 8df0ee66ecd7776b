#include "analyzer/render/health_document.h"

#include <fmt/format.h>

#include <cmath>

#include "analyzer/model/shell_word.h"
#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"

namespace heapscribe::render {
namespace {

using reports::Condition;
using reports::Health;
using reports::HealthUnit;
using reports::Reason;

std::string amount(HealthUnit unit, double value) {
  if (unit == HealthUnit::Share) return format_share(value);
  const std::int64_t whole = std::llround(value);
  return unit == HealthUnit::Bytes ? format_bytes(whole) : format_count(whole);
}

// The advice with the recording's name, to be copied.
std::string advice_on(const Reason& reason, const Context& context) {
  constexpr std::string_view kPlace = " DB ";
  std::string advice = std::string(reason.advice) + " ";
  const std::string path = " " + model::shell_word(context.path) + " ";
  for (std::size_t at = 0; (at = advice.find(kPlace, at)) != std::string::npos; at += path.size()) {
    advice.replace(at, kPlace.size(), path);
  }
  advice.pop_back();
  return advice;
}

Row row_of(const Reason& reason, const Context& context) {
  const bool is_reason = reason.condition != Condition::Healthy;
  const std::string advice = advice_on(reason, context);
  Row row;
  row.values = {std::string(reason.value ? reports::name_of(reason.condition) : "not known"),
                reason.value ? amount(reason.unit, *reason.value) : "",
                std::string(reason.what),
                std::string(reason.name),
                reason.value ? Value{rounded(*reason.value)} : Value{},
                rounded(reason.warning),
                rounded(reason.critical),
                is_reason ? Value{advice} : Value{}};
  if (is_reason) row.details = wrap_text(advice, kTextWidth - 2);
  return row;
}

}  // namespace

Document health_document(const Health& health, const Context& context) {
  Document document;
  document.shape = DataShape::Object;
  document.title = fmt::format("Health of {}: {}", context.program, name_of(health.condition));
  document.facts = {{"condition", std::string(name_of(health.condition))},
                    {"program", context.program}};
  Table table;
  table.key = "reasons";
  table.columns = {{"condition", "", Unit::Text}, text("value"),
                   {"what", "", Unit::Text},      {"rule", "rule", Unit::Text},
                   data("value", Unit::Share),    data("warning", Unit::Share),
                   data("critical", Unit::Share), data("advice", Unit::Text)};
  for (const Reason& reason : health.reasons) table.rows.push_back(row_of(reason, context));
  document.tables = {table};
  document.notes = context.notes;
  return document;
}

}  // namespace heapscribe::render
