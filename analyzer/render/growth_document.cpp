// growth.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"
#include "analyzer/render/growth_documents.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/short_name.h"
#include "analyzer/render/sparkline.h"
#include "analyzer/render/stack_lines.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

using reports::GrowthFacts;
using reports::GrowthReport;
using reports::GrowthRow;
using reports::Verdict;

constexpr std::size_t kDetailWidth = kTextWidth - 2;
constexpr double kSecondsPerHour = 3600;

std::string bytes(double value) {
  return format_bytes(std::llround(value));
}

std::string rate(double per_second) {
  return bytes(per_second) + "/s";
}

// Of an estimate: 3 digits at most.
std::string seconds(double value) {
  constexpr double kMinute = 60;
  constexpr double kHour = 3600;
  constexpr double kDay = 86400;
  if (value < kMinute) return fmt::format("{:.1f} s", value);
  if (value < 2 * kHour) return fmt::format("{:.0f} min", value / kMinute);
  if (value < 2 * kDay) return fmt::format("{:.0f} h", value / kHour);
  return fmt::format("{:.0f} days", value / kDay);
}

std::string words_of(Verdict verdict) {
  std::string text(reports::name_of(verdict));
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string interval_of(const GrowthFacts& facts) {
  return fmt::format("{} (95 %: {} to {})", rate(facts.trend.slope), rate(facts.trend.low),
                     rate(facts.trend.high));
}

std::string survivors(const GrowthRow& row) {
  constexpr double kWorthSaying = 0.01;  // it is a lower bound: 0 says nothing
  if (row.survival.value_or(0) < kWorthSaying) return "";
  return fmt::format("; of what was held at half-time at least {} still is",
                     format_share(*row.survival));
}

std::string turnover_of(const GrowthFacts& facts) {
  return fmt::format("{} freed in the last {}, {} stays {} on average",
                     format_plural(std::llround(facts.turnover), "block"),
                     seconds(facts.late_seconds), "a block", seconds(facts.residence));
}

std::string why_periodic(const GrowthFacts& facts) {
  return fmt::format("{} every {} (correlation {:.2f}), at most {} held",
                     facts.period_of_rate ? "allocates in waves" : "memory comes and goes",
                     seconds(facts.period), facts.correlation, bytes(facts.ceiling));
}

std::string why_burst(const GrowthRow& row) {
  const GrowthFacts& facts = row.facts;
  if (facts.burst_share > 0) {
    return fmt::format("{} of its allocations within {}, from {} on",
                       format_share(facts.burst_share), seconds(facts.burst_seconds),
                       seconds(facts.burst_at));
  }
  if (facts.burst_rise > 0) {
    return fmt::format("rose by {} within {}, at {}, and holds {} at the end",
                       bytes(facts.burst_rise), seconds(facts.burst_seconds),
                       seconds(facts.burst_at), format_bytes(row.live_bytes.value));
  }
  return fmt::format("rose to {} at {} for {} and fell again", bytes(facts.ceiling),
                     seconds(facts.burst_at), seconds(facts.burst_seconds));
}

std::string why_warm_up(const GrowthRow& row) {
  const GrowthFacts& facts = row.facts;
  if (facts.trend.rises() && facts.slowdown > 0.05) {
    return fmt::format("grows slower and slower: {} late, {} of that in the second half",
                       interval_of(facts), format_share(facts.slowdown / (1 + facts.slowdown)));
  }
  return fmt::format("grew to {}, nearly all of it within {}", format_bytes(row.live_bytes.value),
                     seconds(facts.grown_at));
}

std::string why_too_short(const GrowthFacts& facts) {
  if (facts.late_seconds == 0) return "the run is too short for a verdict";
  if (facts.late_growth < reports::kLeastGrowth) {
    return fmt::format("grows by {} in the last {}; less than {} is too little to judge",
                       bytes(facts.late_growth), seconds(facts.late_seconds),
                       bytes(reports::kLeastGrowth));
  }
  return fmt::format("rose in only {} of the last {}; too few to tell whether it goes on",
                     format_plural(static_cast<std::int64_t>(facts.rises), "step"),
                     seconds(facts.late_seconds));
}

std::vector<std::string> details_of(const GrowthRow& row) {
  std::vector<std::string> lines = wrap_text(evidence_of(row), kDetailWidth);
  const std::string place = short_place(*row.place);
  if (!place.empty()) {
    const std::string sites =
        row.sites.size() > 1
            ? fmt::format(" · {} sites, first {}", row.sites.size(), row.sites.front().value)
            : fmt::format(" · site {}", row.sites.front().value);
    lines.push_back("at " + place + sites);
  }
  for (std::string& line : caller_chain(row.stack, kDetailWidth)) lines.push_back(std::move(line));
  return lines;
}

Value number_or_nothing(std::optional<double> number) {
  return number ? Value(*number) : Value();
}

// Slopes that were not found out are no numbers.
Value slope(const GrowthFacts& facts, double value) {
  return facts.late_seconds > 0 ? Value(value) : Value();
}

Row row_of(const GrowthRow& growth, bool with_details) {
  const GrowthFacts& facts = growth.facts;
  const model::Frame& place = *growth.place;
  const bool has_rate = facts.verdict == Verdict::SteadyGrowth;
  Row row;
  row.values = {std::string(reports::name_of(facts.verdict)),
                words_of(facts.verdict),
                growth.live_bytes.value,
                sparkline(growth.bars, std::llround(facts.ceiling)),
                short_name(place.function),
                place.function,
                place.file,
                place.line,
                place.module,
                growth.sites.front().value,
                static_cast<std::int64_t>(growth.sites.size()),
                growth.live_blocks.value,
                slope(facts, facts.trend.slope),
                slope(facts, facts.trend.low),
                slope(facts, facts.trend.high),
                slope(facts, facts.trend.confidence),
                has_rate ? Value(facts.trend.slope * kSecondsPerHour) : Value(),
                number_or_nothing(growth.survival),
                facts.period > 0 ? Value(facts.period) : Value(),
                evidence_of(growth),
                growth.bars,
                growth.stack.frames};
  if (with_details) row.details = details_of(growth);
  return row;
}

Table growth_table(const GrowthReport& report, const GrowthDetail& detail) {
  Table table;
  table.key = "places";
  table.when_empty = "no place deserves a word";
  table.columns = {data("verdict", Unit::Text),
                   text("verdict", Unit::Text),
                   {"live_bytes", "live", Unit::Bytes},
                   text("live over time", Unit::Text),
                   text("function", Unit::Name),
                   data("function", Unit::Name),
                   data("file", Unit::Name),
                   data("line", Unit::Number),
                   data("module", Unit::Name),
                   data("site", Unit::Number),
                   data("sites", Unit::Count),
                   data("live_blocks", Unit::Count),
                   data("slope_bytes_per_second", Unit::Number),
                   data("slope_low", Unit::Number),
                   data("slope_high", Unit::Number),
                   data("confidence", Unit::Number),
                   data("growth_per_hour", Unit::Number),
                   data("survival", Unit::Share),
                   data("period_seconds", Unit::Number),
                   data("evidence", Unit::Text),
                   data("live_over_time", Unit::Bytes),
                   data("stack", Unit::Stack)};
  for (const GrowthRow& row : report.rows) {
    const bool quiet = row.facts.verdict == Verdict::Stable ||
                       (row.facts.verdict == Verdict::TooShort && row.facts.late_seconds == 0);
    if (quiet && !detail.quiet_ones) continue;
    if (detail.limit && static_cast<std::int64_t>(table.rows.size()) >= *detail.limit) break;
    table.rows.push_back(row_of(row, detail.wanted));
  }
  return table;
}

std::int64_t count(const GrowthReport& report, Verdict verdict) {
  return std::count_if(report.rows.begin(), report.rows.end(),
                       [&](const GrowthRow& row) { return row.facts.verdict == verdict; });
}

std::string name_of_place(const GrowthRow& row) {
  const std::string place = short_place(*row.place);
  const std::string name = short_name(row.place->function);
  return place.empty() ? name : fmt::format("{} ({})", name, place);
}

std::string outlook(const GrowthReport& report) {
  const auto left = report.seconds_until_full();
  if (!left) return "";
  return fmt::format(" At this rate {} of {} is full in {}.",
                     report.limit_is_of_group ? "the control group's limit" : "the memory",
                     format_bytes(report.memory_limit->value), seconds(*left));
}

std::string summary_of_growth(const GrowthReport& report) {
  const GrowthRow& worst = report.rows.front();
  const std::int64_t growing = count(report, Verdict::SteadyGrowth);
  std::string sentence =
      fmt::format("Look first at {}: it grows by {} an hour.", name_of_place(worst),
                  bytes(worst.facts.trend.slope * kSecondsPerHour));
  if (growing > 1) {
    sentence += fmt::format(" With {} it is {} an hour.", format_plural(growing - 1, "more place"),
                            bytes(report.growth_per_second() * kSecondsPerHour));
  }
  return sentence + outlook(report);
}

const GrowthRow* largest_where(const GrowthReport& report, bool (*fits)(const GrowthRow&)) {
  const GrowthRow* largest = nullptr;
  for (const GrowthRow& row : report.rows) {
    if (fits(row) && (largest == nullptr || row.live_bytes > largest->live_bytes)) largest = &row;
  }
  return largest;
}

bool stays_after_burst(const GrowthRow& row) {
  const auto held = static_cast<double>(row.live_bytes.value);
  return row.facts.verdict == Verdict::Burst && held >= reports::kLeastGrowth &&
         held >= row.facts.ceiling / 2;
}

// Where all are periodic, bursts or stable; what they have in common has to be looked up.
std::string verdict_on_the_rest(const GrowthReport& report) {
  const auto grew = [](const GrowthRow& row) { return row.facts.grew_late(); };
  if (const GrowthRow* row = largest_where(report, grew)) {
    return fmt::format("Nothing grows for certain; {} rose by {} in the last {}.",
                       name_of_place(*row), bytes(row->facts.late_growth),
                       seconds(row->facts.late_seconds));
  }
  if (const GrowthRow* row = largest_where(report, stays_after_burst)) {
    return fmt::format("Nothing grows steadily; {} took memory at once and still holds {}.",
                       name_of_place(*row), format_bytes(row->live_bytes.value));
  }
  return "Nothing grows: what is allocated is freed again, or was there from the start.";
}

std::string verdict_on(const GrowthReport& report) {
  if (report.places.value == 0) {
    return "No allocation site is known, so there is nothing to judge; --mode counts records none.";
  }
  if (report.too_short) {
    return fmt::format(
        "{} read every {:.1f} s are too short to tell growth from a start; record 10 s or more of "
        "the program at work.",
        seconds(report.seconds), report.step_seconds);
  }
  if (count(report, Verdict::SteadyGrowth) > 0) return summary_of_growth(report);
  const std::int64_t open = count(report, Verdict::TooShort);
  if (open > 0) {
    return fmt::format(
        "Nothing grows for certain. {} rose too seldom or too little to tell: record for longer, "
        "and look at {} "
        "first.",
        format_plural(open, "place"), name_of_place(report.rows.front()));
  }
  if (const std::int64_t warm = count(report, Verdict::WarmUp); warm > 0) {
    return fmt::format("Nothing grows without end: {} only warmed up, the largest {} to {}.",
                       format_plural(warm, "place"), name_of_place(report.rows.front()),
                       bytes(report.rows.front().facts.ceiling));
  }
  if (const std::int64_t bounded = count(report, Verdict::BoundedCache); bounded > 0) {
    const GrowthRow& largest = report.rows.front();
    return fmt::format(
        "Nothing grows: {} turned over under a ceiling, the largest {} with at most {}.",
        format_plural(bounded, "place"), name_of_place(largest), bytes(largest.facts.ceiling));
  }
  return verdict_on_the_rest(report);
}

std::vector<std::string> lead_of(const GrowthReport& report) {
  std::vector<std::string> lines;
  const auto highest = std::max_element(report.heap.begin(), report.heap.end());
  if (highest != report.heap.end()) {
    lines.push_back(fmt::format("live heap  {}  at most {} in {}", sparkline(report.heap, *highest),
                                format_bytes(*highest), seconds(report.seconds)));
  }
  lines.push_back(fmt::format("{}, read every {:.1f} s; the last {} are judged",
                              format_plural(report.places.value, "place"), report.step_seconds,
                              seconds(report.process.late_seconds)));
  if (report.too_short) lines.pop_back();
  return lines;
}

}  // namespace

std::string evidence_of(const GrowthRow& row) {
  const GrowthFacts& facts = row.facts;
  switch (facts.verdict) {
    case Verdict::SteadyGrowth:
      return fmt::format("grows by {}, to the end of {}{}", interval_of(facts),
                         seconds(facts.late_seconds), survivors(row));
    case Verdict::WarmUp:
      return why_warm_up(row);
    case Verdict::BoundedCache:
      return fmt::format("{}, under a ceiling of {}", turnover_of(facts), bytes(facts.ceiling));
    case Verdict::Burst:
      return why_burst(row);
    case Verdict::Periodic:
      return why_periodic(facts);
    case Verdict::TooShort:
      return why_too_short(facts);
    case Verdict::Stable:
      return fmt::format("holds {}, at most {}, without a trend", bytes(facts.late_mean),
                         bytes(facts.ceiling));
  }
  return "";
}

Document growth_document(const GrowthReport& report, const Context& context,
                         const GrowthDetail& detail) {
  Document document;
  document.title = "Growth of " + context.program;
  document.lead = lead_of(report);
  add_selection(document, context);
  document.tables = {growth_table(report, detail)};
  const auto quiet = static_cast<std::int64_t>(report.places.value) -
                     static_cast<std::int64_t>(document.tables.front().rows.size());
  if (quiet > 0 && !report.too_short) {
    document.closing.push_back(fmt::format("{} not shown; --all --limit 0 shows them",
                                           format_plural(quiet, "quiet or smaller place")));
    document.closing.emplace_back();
  }
  append_wrapped(document.closing, verdict_on(report));
  document.notes = context.notes;
  return document;
}

}  // namespace heapscribe::render
