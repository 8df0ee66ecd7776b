// The run on one page: what ran, what it allocated, what was lost, what matters most.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/model/pattern.h"
#include "analyzer/model/shell_word.h"
#include "analyzer/render/format.h"
#include "analyzer/render/limit_text.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/render/short_name.h"
#include "analyzer/render/sparkline.h"
#include "analyzer/render/stack_lines.h"
#include "analyzer/render/writers.h"
#include "analyzer/reports/losses.h"

namespace heapscribe::render {
namespace {

using reports::Finding;
using reports::FindingKind;
using reports::Summary;

constexpr std::size_t kLabelWidth = 15;
constexpr std::size_t kNameInFinding = 60;
constexpr std::string_view kIndent = "  ";

// Findings ---------------------------------------------------------------------------------------

std::string_view key_of(FindingKind kind) {
  switch (kind) {
    case FindingKind::Lost:
      return "lost";
    case FindingKind::SteadyGrowth:
      return "steady_growth";
    case FindingKind::PeakHolder:
      return "peak_holder";
    case FindingKind::Temporary:
      return "temporary";
    case FindingKind::Growth:
      return "growth_by_realloc";
    case FindingKind::NeverFreed:
      return "never_freed";
    case FindingKind::MostCalls:
      return "most_calls";
    case FindingKind::Slack:
      return "slack";
  }
  return "";
}

std::string place_of(const Finding& finding) {
  std::string name = fit(short_name(finding.frame->function), kNameInFinding);
  if (finding.frame->file.empty()) return name;
  return fmt::format("{} ({})", name, short_place(*finding.frame));
}

std::string lost_sentence(const Finding& finding) {
  const std::string when = finding.checked_at
                               ? fmt::format(" by the time it was checked, {}",
                                             format_duration(finding.checked_at->value))
                               : "";
  return fmt::format("{} lost {} in {}{}: no pointer to them is left, so nothing can free them.",
                     place_of(finding), format_bytes(finding.bytes.value),
                     format_plural(finding.blocks.value, "block"), when);
}

std::string growth_sentence(const Finding& finding, const Summary& summary) {
  std::string sentence = fmt::format(
      "{} grows steadily, by {} an hour{}.", place_of(finding), format_bytes(finding.bytes.value),
      summary.end.kind == "running" ? " so far" : ", to the end of the run");
  if (finding.seconds_until_full) {
    constexpr double kNanoseconds = 1e9;
    sentence += fmt::format(
        " At this rate there is no memory left in {}.",
        format_duration(static_cast<std::int64_t>(*finding.seconds_until_full * kNanoseconds)));
  }
  return sentence;
}

std::string sentence_of(const Finding& finding, const Summary& summary) {
  const model::Measures& m = finding.location.measures;
  const std::string share = format_share(finding.share);
  switch (finding.kind) {
    case FindingKind::Lost:
      return lost_sentence(finding);
    case FindingKind::SteadyGrowth:
      return growth_sentence(finding, summary);
    case FindingKind::PeakHolder:
      return fmt::format("{} held {} at the peak, {} of it, in {}.", place_of(finding),
                         format_bytes(m.peak_bytes.value), share,
                         format_plural(finding.location.peak_blocks.value, "block"));
    case FindingKind::Temporary:
      return fmt::format(
          "{} makes {} that are freed at once, {} of all; reusing one block per call "
          "stack saves {} calls.",
          place_of(finding), format_plural(m.temporary.value, "allocation"), share,
          format_count(finding.saved_calls.value));
    case FindingKind::Growth:
      return fmt::format(
          "{} makes blocks larger {} times by realloc, {} of all allocations; asking "
          "for the final size at first saves up to as many calls.",
          place_of(finding), format_count(finding.location.reallocations.value), share);
    case FindingKind::NeverFreed:
      return fmt::format(
          "{} leaves {} in {} {}, as much as {} of the peak.", place_of(finding),
          format_bytes(m.live_bytes.value), format_plural(m.live_blocks.value, "block"),
          summary.end.kind == "running" ? "alive so far" : "alive at the end", share);
    case FindingKind::MostCalls:
      return fmt::format(
          "{} makes {}, {} of all, mean size {}.", place_of(finding),
          format_plural(m.allocations.value, "allocation"), share,
          format_bytes(m.bytes.value / std::max<std::int64_t>(m.allocations.value, 1)));
    case FindingKind::Slack:
      return fmt::format(
          "The allocator handed out {} more than was requested: {} are lost to rounding.",
          format_bytes(finding.location.usable_bytes.value - m.bytes.value), share);
  }
  return {};
}

std::string_view report_of(FindingKind kind) {
  switch (kind) {
    case FindingKind::SteadyGrowth:
      return "growth";
    case FindingKind::Lost:
      return "leaks";
    case FindingKind::PeakHolder:
      return "peak";
    case FindingKind::Temporary:
      return "temporary";
    case FindingKind::NeverFreed:
      return "leaks";
    case FindingKind::Slack:
      return "sizes";
    case FindingKind::Growth:
    case FindingKind::MostCalls:
      return "hotspots";
  }
  return "";
}

// A name that is a sensible argument: not a template over three lines.
std::string function_filter(const Finding& finding) {
  constexpr std::size_t kLongestArgument = 40;
  if (finding.frame == nullptr) return {};
  std::string name = short_name(finding.frame->function);
  if (const std::size_t template_end = name.rfind("<>"); template_end != std::string::npos) {
    const bool is_last = template_end + 2 == name.size();
    name = is_last ? name.substr(0, template_end) : name.substr(template_end + 2);
  }
  if (name.find("<>") != std::string::npos) return {};
  if (name.empty() || name.size() > kLongestArgument || printable(name) != name) return {};
  const bool whole = name == finding.frame->function;
  return " --function " +
         model::shell_word((whole ? "^" : "") + model::literal_pattern(name) + (whole ? "$" : ""));
}

std::string command_of(const Finding& finding, const std::string& path) {
  const bool by_calls =
      finding.kind == FindingKind::Growth || finding.kind == FindingKind::MostCalls;
  return fmt::format("heapscribe {} {}{}{}", report_of(finding.kind), model::shell_word(path),
                     by_calls ? " --by allocations" : "", function_filter(finding));
}

// Text -------------------------------------------------------------------------------------------

class Page {
 public:
  // One line, or several that are aligned behind the label.
  void line(std::string_view label, const std::string& text) {
    bool first = true;
    for (const std::string& part : wrap_text(printable(text), kTextWidth - kLabelWidth - 2)) {
      lines_.push_back(std::string(kIndent) +
                       pad_right(first ? std::string(label) : "", kLabelWidth) + part);
      first = false;
    }
  }
  void gap() { lines_.emplace_back(); }
  void plain(std::string text) { lines_.push_back(std::move(text)); }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

std::string how_recorded(const Summary& summary) {
  std::string stacks = "every allocation with its stack";
  if (summary.mode == "counts") stacks = "exact counts, no stacks";
  if (summary.mode == "sample") stacks = "a random sample with its stacks";
  return fmt::format("{}; {}, {}", stacks, format_plural(summary.sites.value, "site"),
                     format_plural(summary.totals.threads.value, "thread"));
}

std::string losses_text(const Summary& summary) {
  if (reports::nothing_lost(summary.losses)) return "nothing was lost";
  std::string text;
  for (const model::Loss& loss : summary.losses) {
    if (loss.events.value == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", format_count(loss.events.value),
                        loss.kind);
  }
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

void write_run(Page& page, const Summary& summary) {
  if (!summary.command_line.empty()) page.line("command", fit_foreign(summary.command_line, 400));
  page.line("ended", fmt::format("{} after {}", summary.end.text,
                                 format_duration(summary.totals.duration.value)));
  page.line("recorded", how_recorded(summary));
  page.line("losses", losses_text(summary));
  if (summary.totals.unrecorded_children.value > 0) {
    page.line("children",
              format_plural(summary.totals.unrecorded_children.value, "forked process") +
                  " not recorded");
  }
}

// A number right-aligned under the others, and what it means.
void columns(Page& page, std::string_view label, const std::string& number,
             const std::string& rest) {
  page.plain(fit(std::string(kIndent) + pad_right(std::string(label), kLabelWidth) +
                     pad_left(number, 13) + "  " + rest,
                 kTextWidth));
}

std::string peak_text(const model::Totals& totals) {
  const std::string error =
      totals.peak_error.value == 0 ? "exact" : "± " + format_bytes(totals.peak_error.value);
  return fmt::format("{}, {}, {}", format_exact_bytes(totals.peak_bytes.value), error,
                     format_moment(totals.peak_at.value));
}

// Of what is alive at the end, the classes there are.
void write_leak_check(Page& page, const Summary& summary) {
  if (!summary.has_leak_check) return;
  for (std::size_t i = 0; i < wire::kBlockClasses; ++i) {
    const model::Measures& found = summary.classes[i];
    if (found.live_blocks.value == 0) continue;
    columns(page, "  " + std::string(wire::kBlockClassNames[i]),
            format_count(found.live_blocks.value), format_exact_bytes(found.live_bytes.value));
  }
}

void write_totals(Page& page, const Summary& summary) {
  const model::Totals& t = summary.totals;
  const bool running = summary.end.kind == "running";
  columns(page, "allocations", format_count(t.allocations.value),
          format_exact_bytes(t.allocated_bytes.value));
  columns(page, "frees", format_count(t.frees.value), format_exact_bytes(t.freed_bytes.value));
  columns(page, running ? "alive" : "alive at end", format_count(t.live_blocks.value),
          format_exact_bytes(t.live_bytes.value));
  write_leak_check(page, summary);
  columns(page, "temporary", format_count(t.temporary.value),
          format_share(model::share(t.temporary, t.allocations)) + " of all allocations");
  columns(page, "reallocations", format_count(t.reallocations.value),
          format_share(model::share(t.reallocations, t.allocations)) + " of all allocations");
  if (t.failed_calls.value > 0) {
    columns(page, "failed calls", format_count(t.failed_calls.value), "returned no memory");
  }
  if (t.unknown_frees.value > 0) {
    columns(page, "unknown frees", format_count(t.unknown_frees.value),
            "of blocks not seen being allocated");
  }
  page.line("peak", peak_text(t));
}

void write_limits(Page& page, const Summary& summary) {
  std::string_view label = "budget";
  for (const reports::RunLimit& limit : summary.limits) {
    page.line(label, limit_text(limit) + ": " + outcome_text(limit));
    label = "";
  }
}

void write_kinds(Page& page, const Summary& summary) {
  std::string text;
  for (const reports::KindRow& kind : summary.kinds) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kind.kind,
                        format_count(kind.allocations.value));
  }
  if (!text.empty()) page.line("by call", text);
}

void write_timeline(Page& page, const Summary& summary) {
  if (summary.timeline.size() < 2) return;
  std::vector<std::int64_t> live;
  std::vector<std::int64_t> resident;
  for (const reports::TimelineStep& step : summary.timeline) {
    live.push_back(step.live.value);
    resident.push_back(step.resident.value);
  }
  const auto highest = [](const std::vector<std::int64_t>& v) {
    return *std::max_element(v.begin(), v.end());
  };
  const auto picture = [&](std::string_view label, const std::vector<std::int64_t>& values) {
    page.plain(std::string(kIndent) + pad_right(std::string(label), kLabelWidth) +
               sparkline(values, highest(values)));
  };
  page.gap();
  picture("live heap", live);
  // Where /proc could not be read there is no reading above 0.
  const bool resident_known = highest(resident) > 0;
  if (resident_known) picture("resident", resident);
  const std::string end = format_duration(summary.totals.duration.value);
  page.plain(std::string(kIndent) + std::string(kLabelWidth, ' ') + "0 s" +
             pad_left(end, reports::kTimelineSteps - 3));
  page.line("", fmt::format("highest: {} live, {}", format_bytes(highest(live)),
                            resident_known ? format_bytes(highest(resident)) + " resident"
                                           : "resident memory is not known"));
}

void write_findings(Page& page, const Summary& summary, const Context& context) {
  page.gap();
  page.plain(summary.findings.empty() ? "Nothing stands out." : "What matters most");
  int number = 0;
  for (const Finding& finding : summary.findings) {
    std::string bullet = fmt::format("  {}. ", ++number);
    for (const std::string& line :
         wrap_text(sentence_of(finding, summary), kTextWidth - bullet.size())) {
      page.plain(bullet + line);
      bullet.assign(bullet.size(), ' ');
    }
    page.plain(bullet + "  " + command_of(finding, context.path));
  }
}

std::vector<std::string> page_of(const Summary& summary, const Context& context) {
  Page page;
  page.gap();
  write_run(page, summary);
  page.gap();
  write_totals(page, summary);
  write_limits(page, summary);
  write_kinds(page, summary);
  write_timeline(page, summary);
  write_findings(page, summary, context);
  return page.take();
}

// Data -------------------------------------------------------------------------------------------

double seconds(model::Nanoseconds time) {
  return static_cast<double>(time.value) / 1e9;
}

Value optional_value(const std::optional<std::int64_t>& value) {
  return value ? Value(*value) : Value(std::monostate());
}

std::vector<Fact> total_facts(const model::Totals& t) {
  return {{"allocations", t.allocations.value},
          {"frees", t.frees.value},
          {"reallocations", t.reallocations.value},
          {"allocated_bytes", t.allocated_bytes.value},
          {"freed_bytes", t.freed_bytes.value},
          {"usable_bytes", t.usable_bytes.value == 0 ? Value() : Value(t.usable_bytes.value)},
          {"live_blocks", t.live_blocks.value},
          {"live_bytes", t.live_bytes.value},
          {"peak_bytes", t.peak_bytes.value},
          {"peak_seconds", seconds(t.peak_at)},
          {"peak_error_bytes", t.peak_error.value},
          {"temporary_allocations", t.temporary.value},
          {"failed_calls", t.failed_calls.value},
          {"unknown_frees", t.unknown_frees.value},
          {"unrecorded_children", t.unrecorded_children.value},
          {"threads", t.threads.value},
          {"duration_seconds", seconds(t.duration)}};
}

std::vector<Fact> facts_of(const Summary& summary) {
  std::vector<Fact> facts = {{"program", summary.program},
                             {"command_line", summary.command_line},
                             {"pid", optional_value(summary.pid)},
                             {"mode", summary.mode},
                             {"state", std::string(model::name_of(summary.state))},
                             {"exit.kind", summary.end.kind},
                             {"exit.status", optional_value(summary.end.status)},
                             {"exit.text", summary.end.text}};
  for (Fact& fact : total_facts(summary.totals)) facts.push_back(std::move(fact));
  facts.push_back({"sites", summary.sites.value});
  facts.push_back({"leak_check.state", summary.leak_check});
  if (summary.has_leak_check) {
    facts.push_back({"leak_check.at_end", summary.leak_check_moment.at_end});
    facts.push_back({"leak_check.seconds", seconds(summary.leak_check_moment.taken)});
  }
  for (const model::Loss& loss : summary.losses) {
    facts.push_back({"losses." + loss.kind, loss.events.value});
  }
  for (std::size_t i = 0; i < wire::kBlockClasses && summary.has_leak_check; ++i) {
    const std::string key = "leak_check." + std::string(wire::kBlockClassNames[i]);
    facts.push_back({key + "_blocks", summary.classes[i].live_blocks.value});
    facts.push_back({key + "_bytes", summary.classes[i].live_bytes.value});
  }
  return facts;
}

Table kinds_table(const Summary& summary) {
  Table table;
  table.key = "by_kind";
  table.columns = {{"kind", "", Unit::Text, Shown::InData},
                   {"allocations", "", Unit::Count, Shown::InData},
                   {"bytes", "", Unit::Bytes, Shown::InData}};
  for (const reports::KindRow& kind : summary.kinds) {
    Row row;
    row.values = {kind.kind, kind.allocations.value, kind.bytes.value};
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table limits_table(const Summary& summary) {
  Table table;
  table.key = "budget";
  for (const char* key : {"figure", "action"}) {
    table.columns.push_back({key, "", Unit::Text, Shown::InData});
  }
  for (const char* key : {"limit", "refused_calls"}) {
    table.columns.push_back({key, "", Unit::Number, Shown::InData});
  }
  table.columns.push_back({"exceeded_seconds", "", Unit::Number, Shown::InData});
  for (const char* key : {"exceeded_value", "exceeded_by_bytes"}) {
    table.columns.push_back({key, "", Unit::Number, Shown::InData});
  }
  table.columns.push_back({"exceeded_in", "", Unit::Text, Shown::InData});
  for (const reports::RunLimit& limit : summary.limits) {
    Row row;
    row.values = {limit.figure, limit.action, limit.most, limit.refused.value};
    if (const auto& breach = limit.breach) {
      row.values.insert(row.values.end(), {seconds(breach->at), breach->value,
                                           breach->requested.value, breach->function});
    } else {
      row.values.resize(table.columns.size());
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table findings_table(const Summary& summary, const Context& context) {
  Table table;
  table.key = "findings";
  for (const char* key : {"kind", "sentence", "command", "function", "file"}) {
    table.columns.push_back({key, "", Unit::Text, Shown::InData});
  }
  table.columns.push_back({"line", "", Unit::Number, Shown::InData});
  table.columns.push_back({"share", "", Unit::Share, Shown::InData});
  table.columns.push_back({"saved_calls", "", Unit::Count, Shown::InData});
  for (const Finding& finding : summary.findings) {
    const model::Frame none;
    const model::Frame& frame = finding.frame != nullptr ? *finding.frame : none;
    Row row;
    row.values = {std::string(key_of(finding.kind)),
                  sentence_of(finding, summary),
                  command_of(finding, context.path),
                  frame.function,
                  frame.file,
                  frame.line,
                  finding.share,
                  finding.saved_calls.value};
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

Document summary_document(const Summary& summary, const Context& context) {
  Document document;
  document.shape = DataShape::Object;
  document.title = summary.pid
                       ? fmt::format("Summary of {} (pid {})", summary.program, *summary.pid)
                       : "Summary of " + summary.program;
  document.lead = page_of(summary, context);
  document.facts = facts_of(summary);
  document.tables = {kinds_table(summary), limits_table(summary), findings_table(summary, context)};
  document.notes = context.notes;
  return document;
}

}  // namespace heapscribe::render
