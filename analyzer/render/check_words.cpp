#include "analyzer/render/check_words.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>

#include "analyzer/model/stable_name.h"
#include "analyzer/render/format.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/short_name.h"
#include "analyzer/render/stack_lines.h"

namespace heapscribe::render {

using reports::Figure;

std::string amount_of(Figure figure, std::int64_t value) {
  return reports::counts_bytes(figure) ? format_bytes(value) : format_count(value);
}

std::string change_of(Figure figure, std::int64_t value) {
  if (value == 0) return "0";
  return (value > 0 ? "+" : "-") + amount_of(figure, std::abs(value));
}

Sides sides_of(Figure figure, const reports::FigureCheck& check) {
  Sides sides = {amount_of(figure, check.before), amount_of(figure, check.now)};
  if (check.change() == 0 || sides.before != sides.now) return sides;
  return {format_count(check.before) + " B", format_count(check.now) + " B"};
}

std::string rise_in_words(Figure figure, std::int64_t change) {
  switch (figure) {
    case Figure::Allocations:
      return fmt::format("{} more {}", format_count(change),
                         change == 1 ? "allocation" : "allocations");
    case Figure::Bytes:
      return format_bytes(change) + " more allocated";
    case Figure::Peak:
      return "a peak " + format_bytes(change) + " higher";
    case Figure::Leaks:
      return fmt::format("{} more lost {}", format_count(change), change == 1 ? "block" : "blocks");
    case Figure::Temporary:
      return format_count(change) + " more temporary allocations";
  }
  return "";
}

namespace {

std::string last_call(const std::string& path) {
  const std::size_t last = path.rfind(model::kCalls);
  return last == std::string::npos ? path : path.substr(last + model::kCalls.size());
}

}  // namespace

std::string function_of(const reports::PathCheck& check) {
  if (check.is_branch) return "below " + last_call(check.path);
  if (!check.stack.frames.empty()) return short_name(check.stack.blamed().function);
  return last_call(check.path);
}

std::string function_at_place(const reports::PathCheck& check) {
  std::string function = function_of(check);
  if (check.stack.frames.empty()) return function;
  const std::string place = short_place(check.stack.blamed());
  return place.empty() ? function : fmt::format("{} ({})", function, place);
}

Figure worst_figure(const reports::FigureChecks& path, const reports::FigureChecks& total) {
  constexpr std::array kOrder = {Figure::Leaks, Figure::Allocations, Figure::Bytes};
  for (const Figure figure : kOrder) {
    if (path[figure].rose() && total[figure].rose()) return figure;
  }
  for (const Figure figure : kOrder) {
    if (path[figure].rose()) return figure;
  }
  return Figure::Allocations;
}

std::string name_of(const reports::LimitCheck& limit) {
  const std::string figure(reports::name_of(limit.figure));
  return limit.budget.empty() ? figure : printable(limit.budget) + ": " + figure;
}

std::string amount_of(const reports::LimitCheck& limit, double value) {
  if (limit.figure == Figure::Temporary) return format_share(value);
  return amount_of(limit.figure, std::llround(value));
}

}  // namespace heapscribe::render
