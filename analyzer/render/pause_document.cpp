// pauses.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/render/short_name.h"
#include "analyzer/render/sparkline.h"
#include "analyzer/render/stack_lines.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

using reports::Pause;
using reports::PauseKind;
using reports::PausePercentiles;
using reports::PausesReport;
using reports::PauseVerdict;

constexpr std::size_t kDetailWidth = kTextWidth - 4;
constexpr std::array<const char*, 3> kKindTitles = {"stalls", "storms", "heapscribe"};

// As short as a column wants it.
std::string short_time(std::int64_t ns) {
  const auto value = static_cast<double>(ns);
  if (ns < 1'000) return fmt::format("{} ns", ns);
  if (ns < 10'000) return fmt::format("{:.1f} us", value / 1e3);
  if (ns < 1'000'000) return fmt::format("{:.0f} us", value / 1e3);
  if (ns < 100'000'000) return fmt::format("{:.1f} ms", value / 1e6);
  if (ns < 1'000'000'000) return fmt::format("{:.0f} ms", value / 1e6);
  return format_duration(ns);
}

// Text that is aligned like a number.
Column figure(std::string title) {
  return {"", std::move(title), Unit::Number, Shown::InText};
}

const PausePercentiles& of(const PausesReport& report, PauseKind kind) {
  return report.kinds[static_cast<std::size_t>(kind)];
}

std::string per_second(model::Count events, model::Nanoseconds duration) {
  if (duration.value <= 0) return "";
  const double rate = static_cast<double>(events.value) * 1e9 / static_cast<double>(duration.value);
  return rate < 100 ? fmt::format("{:.1f}", rate) : fmt::format("{:.0f}", rate);
}

// Where some of what was seen stands for several, the sum is no count.
bool is_estimated(const PausePercentiles& kind) {
  return kind.by_chance.value > 0;
}

std::string marked(const PausePercentiles& kind, const std::string& figure) {
  return is_estimated(kind) ? "~" + figure : figure;
}

std::string extrapolated(const PausePercentiles& kind) {
  return fmt::format("about {} ({} seen; the rest is extrapolated)",
                     format_count(kind.events.value), format_count(kind.listed.value));
}

double bytes_per_ms(const PausePercentiles& kind) {
  if (kind.total.value <= 0) return 0;
  return static_cast<double>(kind.bytes.value) * 1e6 / static_cast<double>(kind.total.value);
}

// Tables -----------------------------------------------------------------------------------------

Table kind_table(const PausesReport& report) {
  Table table;
  table.key = "kinds";
  table.columns = {data("kind", Unit::Text),
                   text(""),
                   data("events", Unit::Count),
                   data("seen", Unit::Count),
                   figure("events"),
                   figure("per s"),
                   {"share", "of run", Unit::Share},
                   figure("p50"),
                   figure("p90"),
                   figure("p95"),
                   figure("p99"),
                   figure("longest"),
                   data("total_ns", Unit::Number),
                   data("per_second", Unit::Number)};
  for (std::size_t i = 0; i < report.kinds.size(); ++i) {
    const PausePercentiles& kind = report.kinds[i];
    const bool any = kind.events.value != 0;
    const auto time = [any](model::Nanoseconds ns) { return any ? short_time(ns.value) : "-"; };
    Row row;
    row.values = {std::string(reports::kPauseKinds[i]),
                  std::string(kKindTitles[i]),
                  kind.events.value,
                  kind.listed.value,
                  marked(kind, format_count(kind.events.value)),
                  any ? marked(kind, per_second(kind.events, report.duration)) : "-",
                  model::share(kind.total, report.duration),
                  time(kind.p50),
                  time(kind.p90),
                  time(kind.p95),
                  time(kind.p99),
                  time(kind.longest),
                  kind.total.value,
                  report.duration.value > 0 ? static_cast<double>(kind.events.value) * 1e9 /
                                                  static_cast<double>(report.duration.value)
                                            : 0.0};
    if (is_estimated(kind)) row.details = {extrapolated(kind)};
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table reclaim_table(const PausesReport& report) {
  Table table;
  table.key = "efficiency";
  table.heading = "What they gave back";
  table.when_empty = "no pause gave memory back";
  table.columns = {data("kind", Unit::Text),
                   text(""),
                   {"bytes_reclaimed", "bytes", Unit::Bytes},
                   {"blocks_reclaimed", "blocks", Unit::Count},
                   {"", "per ms of pause", Unit::Bytes, Shown::InText},
                   data("bytes_per_ms", Unit::Number)};
  for (std::size_t i = 0; i < report.kinds.size(); ++i) {
    const PausePercentiles& kind = report.kinds[i];
    if (kind.blocks.value == 0) continue;
    Row row;
    row.values = {std::string(reports::kPauseKinds[i]),
                  std::string(kKindTitles[i]),
                  kind.bytes.value,
                  kind.blocks.value,
                  static_cast<std::int64_t>(std::llround(bytes_per_ms(kind))),
                  bytes_per_ms(kind)};
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string age_range(const reports::Generation& generation) {
  if (!generation.to_ns) return "older than " + format_duration(generation.from_ns);
  if (generation.from_ns == 0) return "younger than " + format_duration(*generation.to_ns);
  return fmt::format("{} to {}", format_duration(generation.from_ns),
                     format_duration(*generation.to_ns));
}

Table generation_table(const PausesReport& report) {
  Table table;
  table.key = "generations";
  table.heading = "Age of the blocks that storms released";
  table.when_empty = "no storm, no ages";
  table.columns = {{"generation", "", Unit::Text},
                   text("age"),
                   data("from_ns", Unit::Number),
                   data("to_ns", Unit::Number),
                   {"least_share", "at least", Unit::Share},
                   {"most_share", "at most", Unit::Share},
                   data("least_blocks", Unit::Number),
                   data("most_blocks", Unit::Number)};
  if (report.generation_blocks <= 0) return table;
  for (const reports::Generation& generation : report.generations) {
    Row row;
    row.values = {generation.name,
                  age_range(generation),
                  generation.from_ns,
                  generation.to_ns ? Value(*generation.to_ns) : Value(),
                  generation.least / report.generation_blocks,
                  generation.most / report.generation_blocks,
                  static_cast<std::int64_t>(std::llround(generation.least)),
                  static_cast<std::int64_t>(std::llround(generation.most))};
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string bar(double share) {
  constexpr double kWidth = 30;
  std::string line;
  for (int i = 0; i < std::lround(share * kWidth); ++i) line += "█";
  return line;
}

Table utilization_table(const PausesReport& report) {
  Table table;
  table.key = "mmu";
  table.heading = "Least share of any window that was left to the program (MMU)";
  table.columns = {figure("window"),
                   data("window_ns", Unit::Number),
                   {"process", "process", Unit::Share},
                   {"thread", "worst thread", Unit::Share},
                   text("")};
  for (const reports::Utilization& one : report.utilization) {
    if (report.duration.value < one.window_ns) continue;
    Row row;
    row.values = {fmt::format("{} ms", one.window_ns / 1'000'000), one.window_ns, one.process,
                  one.thread, bar(one.process)};
    table.rows.push_back(std::move(row));
  }
  table.when_empty = "the run was shorter than 1 ms";
  return table;
}

std::string with_interval(const reports::Quantile& quantile) {
  return "<" + short_time(quantile.ns);
}

Table latency_table(const PausesReport& report) {
  Table table;
  table.key = "latency";
  table.heading = "Time of a call in the allocator";
  table.when_empty = "no call was timed";
  table.columns = {{"call", "", Unit::Text},
                   {"calls", "calls", Unit::Count},
                   {"timed_always", "", Unit::Count, Shown::InData},
                   {"timed_by_chance", "", Unit::Count, Shown::InData},
                   {"", "timed", Unit::Count, Shown::InText},
                   figure("mean"),
                   figure("p50"),
                   figure("p90"),
                   figure("p99"),
                   figure("p99.9"),
                   figure("longest"),
                   data("mean_ns", Unit::Number),
                   data("p50_ns", Unit::Number),
                   data("p90_ns", Unit::Number),
                   data("p99_ns", Unit::Number),
                   data("p999_ns", Unit::Number),
                   data("p50_low_ns", Unit::Number),
                   data("p50_high_ns", Unit::Number),
                   data("p99_low_ns", Unit::Number),
                   data("p99_high_ns", Unit::Number),
                   data("longest_timed_ns", Unit::Number)};
  for (const reports::CallLatency& call : report.latencies) {
    Row row;
    row.values = {call.call,
                  call.calls.value,
                  call.timed.value,
                  call.sampled.value,
                  call.timed.value + call.sampled.value,
                  short_time(std::llround(call.mean_ns)),
                  with_interval(call.p50),
                  with_interval(call.p90),
                  with_interval(call.p99),
                  with_interval(call.p999),
                  short_time(call.longest_ns),
                  call.mean_ns,
                  call.p50.ns,
                  call.p90.ns,
                  call.p99.ns,
                  call.p999.ns,
                  call.p50.low,
                  call.p50.high,
                  call.p99.low,
                  call.p99.high,
                  call.longest_ns};
    table.rows.push_back(std::move(row));
  }
  return table;
}

// Steps of a factor of four, those that hold anything.
Table histogram_table(const PausesReport& report) {
  Table table;
  table.key = "histogram";
  table.heading = "How many calls took how long (estimated)";
  table.when_empty = "no call was timed";
  table.columns = {figure("below"), data("below_ns", Unit::Number)};
  for (const reports::CallLatency& call : report.latencies) {
    table.columns.push_back({call.call, call.call, Unit::Count});
  }
  std::int64_t lower = 0;
  for (std::int64_t below = 32; below < std::int64_t{1} << 42; below *= 4) {
    Row row;
    row.values = {short_time(below), below};
    bool any = false;
    for (const reports::CallLatency& call : report.latencies) {
      double calls = 0;
      for (const reports::LatencyStep& step : call.steps) {
        if (step.lower_ns >= lower && step.lower_ns < below) calls += step.calls;
      }
      row.values.emplace_back(static_cast<std::int64_t>(std::llround(calls)));
      any = any || calls > 0;
    }
    if (any) table.rows.push_back(std::move(row));
    lower = below;
  }
  return table;
}

// Events -----------------------------------------------------------------------------------------

std::string what_of(const Pause& pause) {
  if (pause.kind == PauseKind::ReleaseStorm) return "storm";
  if (pause.kind == PauseKind::Stall) return pause.cause;
  return "heapscribe: " + pause.cause;
}

std::string with_place(const model::Frame& frame) {
  const std::string place = short_place(frame);
  return short_name(frame.function) + (place.empty() ? "" : " at " + place);
}

std::vector<std::string> details_of(const Pause& pause, const model::SiteStack& stack) {
  std::vector<std::string> lines;
  if (pause.interrupted.value != 0) {
    lines.push_back(
        fmt::format("{} of it in gaps without releases: the thread waited or did not run",
                    short_time(pause.interrupted.value)));
  }
  if (pause.stands_for > 1) {
    lines.push_back(fmt::format("found by chance: stands for {} calls", pause.stands_for));
  }
  if (!pause.stack.exists() || pause.stack == model::kUnrecordedStack) return lines;
  append_wrapped(lines, "in " + with_place(stack.blamed()), kDetailWidth);
  append(lines, caller_chain(stack, kDetailWidth));
  return lines;
}

Table event_table(const PausesReport& report, model::CaptureReader& reader,
                  std::optional<std::int64_t> limit, bool with_details) {
  Table table;
  table.key = "events";
  table.heading = "Longest pauses";
  table.when_empty = "no pause of " + short_time(report.threshold.value) + " or more";
  table.columns = {figure("at"),
                   figure("took"),
                   text("what"),
                   {"thread", "thread", Unit::Number},
                   {"bytes_reclaimed", "bytes", Unit::Bytes},
                   {"blocks_reclaimed", "blocks", Unit::Count},
                   {"", "in", Unit::Name, Shown::InText},
                   data("kind", Unit::Text),
                   data("cause", Unit::Text),
                   data("start_ns", Unit::Number),
                   data("duration_ns", Unit::Number),
                   data("interrupted_ns", Unit::Number),
                   data("size", Unit::Bytes),
                   data("stands_for", Unit::Number),
                   data("function", Unit::Name),
                   data("file", Unit::Name),
                   data("line", Unit::Number),
                   data("module", Unit::Name),
                   data("stack", Unit::Stack)};
  for (const Pause& pause : report.events) {
    if (limit && static_cast<std::int64_t>(table.rows.size()) >= *limit) break;
    const bool has_stack = pause.stack.exists() && pause.stack != model::kUnrecordedStack;
    const model::SiteStack stack = model::site_stack(reader.stacks(), reader.frames(), pause.stack,
                                                     pause.address, pause.depth);
    const model::Frame& frame = stack.blamed();
    Row row;
    row.values = {short_time(pause.start.value),
                  short_time(pause.duration.value),
                  what_of(pause),
                  pause.thread,
                  pause.bytes.value,
                  pause.blocks.value,
                  has_stack ? short_name(frame.function) : "",
                  std::string(reports::kPauseKinds[static_cast<std::size_t>(pause.kind)]),
                  pause.cause,
                  pause.start.value,
                  pause.duration.value,
                  pause.interrupted.value,
                  pause.size.value,
                  pause.stands_for,
                  has_stack ? frame.function : "",
                  frame.file,
                  frame.line,
                  frame.module,
                  has_stack ? stack.frames : model::Stack{}};
    if (with_details) row.details = details_of(pause, stack);
    table.rows.push_back(std::move(row));
  }
  return table;
}

// Words ------------------------------------------------------------------------------------------

std::vector<std::string> picture(const PausesReport& report) {
  constexpr std::size_t kNameWidth = 10;
  std::vector<std::string> lines;
  const auto part = report.duration.value / static_cast<std::int64_t>(reports::kPictureParts);
  for (std::size_t i = 0; i < report.picture.size(); ++i) {
    if (report.kinds[i].events.value == 0) continue;
    lines.push_back(pad_right(kKindTitles[i], kNameWidth) + " |" +
                    sparkline(report.picture[i], std::max<std::int64_t>(part, 1)) + "|");
  }
  if (lines.empty()) return lines;
  const std::string end = format_duration(report.duration.value);
  lines.push_back(std::string(kNameWidth + 2, ' ') + "0" +
                  pad_left(end, reports::kPictureParts - 1));
  lines.emplace_back("(a full bar: that part of the run was all pause)");
  lines.insert(lines.begin(), "");
  return lines;
}

std::string mmu_text(const PausesReport& report) {
  constexpr std::int64_t kWindow = 10'000'000;
  for (const reports::Utilization& one : report.utilization) {
    if (one.window_ns == kWindow && report.duration.value >= kWindow) {
      return fmt::format("MMU at 10 ms is {}", format_share(one.process));
    }
  }
  return "the run was too short for an MMU at 10 ms";
}

std::string how_long_and_often(const PausesReport& report) {
  const std::int64_t events = report.there.events.value;
  if (events <= 1) return short_time(report.worst->duration.value) + " once";
  return fmt::format("{} (p50; longest {}) every {}{}", short_time(report.there.p50.value),
                     short_time(report.there.longest.value),
                     is_estimated(report.there) ? "about " : "",
                     short_time(report.duration.value / events));
}

std::string advice(const PausesReport& report) {
  switch (report.verdict) {
    case PauseVerdict::Storms:
      return "Release in portions or on another thread, or take such blocks from an arena that "
             "goes as a whole.";
    case PauseVerdict::StormAtExit:
      return "It is at the end of the run: leave the memory to the system when the process ends "
             "anyway (quick_exit, no destructors of what is large).";
    case PauseVerdict::FreeStalls:
      return "Large blocks go back to the kernel page by page: keep such buffers for the next use, "
             "or raise M_MMAP_THRESHOLD and M_TRIM_THRESHOLD (mallopt).";
    case PauseVerdict::CallStalls:
      return "Allocate ahead of time, or reuse what is large.";
    case PauseVerdict::Profiler:
      return "Without heapscribe they are not there; the program itself has no worse ones.";
    case PauseVerdict::None:
      break;
  }
  return "Little to win.";
}

std::string verdict(const PausesReport& report) {
  if (report.worst == nullptr) {
    return fmt::format("Verdict: nothing held the program up for {} or more; nothing to do.",
                       short_time(report.threshold.value));
  }
  if (report.verdict == PauseVerdict::None) {
    return fmt::format("Verdict: the longest pause is {}, all together {} of the run. {}",
                       short_time(report.all.longest.value),
                       format_share(model::share(report.all.listed_time, report.duration)),
                       advice(report));
  }
  const Pause& worst = *report.worst;
  std::string what = "release storms of";
  if (worst.kind == PauseKind::Stall) what = worst.cause + " stalls for";
  if (worst.kind == PauseKind::Profiler) what = "heapscribe's own work (" + worst.cause + ") takes";
  const std::string place = report.place.empty() ? "" : " in " + short_name(report.place);
  return fmt::format("Verdict: {} {}{}; {}. {}", what, how_long_and_often(report), place,
                     mmu_text(report), advice(report));
}

// The 95 % interval of a Poisson mean of which `found` were found, by Byar's approximation.
std::int64_t fewest(std::int64_t found) {
  const auto n = static_cast<double>(found);
  return std::llround(n * std::pow(std::max(1 - 1 / (9 * n) - 1.96 / (3 * std::sqrt(n)), 0.0), 3));
}
std::int64_t most(std::int64_t found) {
  const auto n = static_cast<double>(found + 1);
  return std::llround(n * std::pow(1 - 1 / (9 * n) + 1.96 / (3 * std::sqrt(n)), 3));
}

std::vector<std::string> how_measured(const PausesReport& report) {
  std::int64_t sampled = 0;
  std::int64_t always = 0;
  for (const reports::CallLatency& call : report.latencies) {
    sampled += call.sampled.value;
    always += call.timed.value;
  }
  std::vector<std::string> lines;
  append_wrapped(
      lines,
      fmt::format("On every call: runs of releases (a storm: 16 releases take at most 50 us each "
                  "time; its ends are known to some 16 releases), and the time of calls of 128 "
                  "KiB or more ({} of them).",
                  format_count(always)));
  append_wrapped(
      lines, fmt::format("By chance, one call in 64: the time of all others ({} of them). So most "
                         "stalls of small calls are neither in the list nor in the MMU.",
                         format_count(sampled)));
  if (const PausePercentiles& stalls = of(report, PauseKind::Stall); stalls.by_chance.value > 0) {
    const auto found = stalls.by_chance.value;
    append_wrapped(lines,
                   fmt::format("{} of the stalls {} found that way and {} for 64 each: between {} "
                               "and {} in all, with 95 % certainty.",
                               format_count(found), found == 1 ? "was" : "were",
                               found == 1 ? "stands" : "stand", format_count(64 * fewest(found)),
                               format_count(64 * most(found))));
  }
  append_wrapped(
      lines,
      "Ages: births of blocks are not recorded; the bounds follow from the sites' live blocks "
      "and allocations over time, and from one look in 16 releases at whose block it was.");
  append_wrapped(
      lines,
      "MMU: Cheng and Blelloch, PLDI 2001; for the process a moment is lost when any thread is "
      "held up.");
  constexpr std::int64_t kEnough = 100;
  if (sampled >= kEnough) {
    append_wrapped(lines,
                   fmt::format("Storms include what recording costs: about {:.0f} ns a call, {} of "
                               "the run in all.",
                               report.own_ns_per_call, format_share(report.own_share)));
  }
  if (report.lost.value != 0) {
    append_wrapped(lines, fmt::format("{} not in the list: more came at once than was room for.",
                                      format_plural(report.lost.value, "pause") +
                                          (report.lost.value == 1 ? " is" : " are")));
  }
  if (report.clock_stopped.value != 0) {
    append_wrapped(
        lines, fmt::format("From {} on time was not read: the program restricted itself, or the "
                           "machine makes reading the counter slow.",
                           short_time(report.clock_stopped.value)));
  }
  return lines;
}

std::vector<Fact> facts_of(const PausesReport& report) {
  std::vector<Fact> facts = {{"recorded", report.recorded}};
  if (!report.recorded) return facts;
  facts.push_back({"duration_ns", report.duration.value});
  facts.push_back({"threshold_ns", report.threshold.value});
  facts.push_back({"lost", report.lost.value});
  const auto percentiles = [&](const std::string& name, const PausePercentiles& kind) {
    const std::string key = "percentiles_ns." + name + ".";
    const bool any = kind.events.value != 0;
    const auto put = [&](const char* which, model::Nanoseconds ns) {
      facts.push_back({key + which, any ? Value(ns.value) : Value()});
    };
    put("p50", kind.p50);
    put("p90", kind.p90);
    put("p95", kind.p95);
    put("p99", kind.p99);
    put("max", kind.longest);
  };
  for (std::size_t i = 0; i < report.kinds.size(); ++i) {
    percentiles(std::string(reports::kPauseKinds[i]), report.kinds[i]);
  }
  percentiles("all", report.all);
  for (const reports::OwnTime& own : report.own) {
    facts.push_back({"profiler_ns." + own.cause, own.time.value});
  }
  facts.push_back({"recorder_ns_per_call", report.own_ns_per_call});
  facts.push_back({"recorder_share", report.own_share});
  return facts;
}

std::vector<std::string> not_recorded(const PausesReport& report) {
  if (report.mode == "sample") {
    return {"Mode sample does not record pauses; modes full and counts do."};
  }
  return {"This recording does not tell about pauses. To have it do so:",
          "  heapscribe run --pauses 100us -- PROGRAM ARGUMENTS"};
}

}  // namespace

Document pauses_document(const PausesReport& report, model::CaptureReader& reader,
                         const Context& context, std::optional<std::int64_t> limit,
                         bool with_details) {
  Document document;
  document.shape = DataShape::Object;
  document.title = "Pauses of " + context.program;
  document.facts = facts_of(report);
  document.notes = context.notes;
  if (!report.recorded) {
    document.lead = not_recorded(report);
    return document;
  }
  document.facts.push_back({"verdict", verdict(report)});
  document.lead.push_back(fmt::format(
      "{} of {}; a pause is what lasts {} or longer", format_duration(report.duration.value),
      format_plural(report.threads.value, "thread"), short_time(report.threshold.value)));
  for (std::string& line : picture(report)) document.lead.push_back(std::move(line));
  document.tables = {kind_table(report),
                     reclaim_table(report),
                     generation_table(report),
                     utilization_table(report),
                     latency_table(report),
                     histogram_table(report),
                     event_table(report, reader, limit, with_details)};
  document.closing = how_measured(report);
  document.closing.emplace_back();
  append_wrapped(document.closing, verdict(report));
  return document;
}

}  // namespace heapscribe::render
