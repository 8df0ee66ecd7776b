#include "analyzer/render/cell.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "analyzer/render/format.h"

namespace heapscribe::render {
namespace {

std::string integer_text(std::int64_t value, Unit unit) {
  if (unit == Unit::Count) return format_count(value);
  if (unit == Unit::Bytes) return format_bytes(value);
  return fmt::format("{}", value);
}

std::string stack_text(const model::Stack& stack) {
  std::string text;
  for (const model::Frame* frame : stack) {
    if (!text.empty()) text += " < ";
    text += frame->function;
  }
  return text;
}

}  // namespace

std::string cell_text(const Value& value, Unit unit) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return integer_text(*integer, unit);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "yes" : "no";
  if (const auto* stack = std::get_if<model::Stack>(&value)) return stack_text(*stack);
  if (const auto* numbers = std::get_if<Numbers>(&value)) {
    return fmt::format("{}", fmt::join(*numbers, " "));
  }
  if (const auto* real = std::get_if<double>(&value)) {
    return unit == Unit::Share ? format_share(*real) : fmt::format("{:.6g}", *real);
  }
  return {};
}

bool is_numeric(Unit unit) {
  return unit == Unit::Count || unit == Unit::Bytes || unit == Unit::Share || unit == Unit::Number;
}

bool is_shown_in_text(const Column& column) {
  return column.shown != Shown::InData;
}
bool is_shown_in_data(const Column& column) {
  return column.shown != Shown::InText;
}

bool has_text(const Table& table) {
  return std::any_of(table.columns.begin(), table.columns.end(), is_shown_in_text);
}

}  // namespace heapscribe::render
