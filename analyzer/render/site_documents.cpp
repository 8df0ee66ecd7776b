// hotspots, peak, temporary and leaks; by site, by group and as a tree.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/render/short_name.h"
#include "analyzer/render/stack_lines.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

using model::Measure;
using model::Measures;

constexpr std::size_t kDetailWidth = kTextWidth - 4;

double share_of(const Measures& part, const Measures& whole, Measure by) {
  const std::int64_t total = value_of(whole, by);
  return total == 0 ? 0 : static_cast<double>(value_of(part, by)) / static_cast<double>(total);
}

std::int64_t quotient(std::int64_t dividend, std::int64_t divisor) {
  return divisor == 0 ? 0 : dividend / divisor;
}

// The numbers that a person needs next to a measure; the measure comes first.
std::vector<Column> text_columns(Measure by) {
  switch (by) {
    case Measure::Allocated:
      return {text("bytes", Unit::Bytes), text("share", Unit::Share),
              text("allocations", Unit::Count), text("mean", Unit::Bytes)};
    case Measure::Calls:
      return {text("allocations", Unit::Count), text("share", Unit::Share),
              text("bytes", Unit::Bytes), text("mean", Unit::Bytes)};
    case Measure::Live:
      return {text("alive", Unit::Bytes), text("share", Unit::Share), text("blocks", Unit::Count),
              text("mean", Unit::Bytes)};
    case Measure::Peak:
      return {text("at the peak", Unit::Bytes), text("share", Unit::Share),
              text("allocations", Unit::Count), text("bytes", Unit::Bytes)};
    case Measure::Temporary:
      return {text("temporary", Unit::Count), text("share", Unit::Share),
              text("of its calls", Unit::Share), text("bytes", Unit::Bytes)};
    case Measure::Slack:
      break;
  }
  return {};
}

std::vector<Value> text_values(const Measures& m, const Measures& run, Measure by) {
  const double share = share_of(m, run, by);
  const std::int64_t calls = m.allocations.value;
  switch (by) {
    case Measure::Allocated:
      return {m.bytes.value, share, calls, quotient(m.bytes.value, calls)};
    case Measure::Calls:
      return {calls, share, m.bytes.value, quotient(m.bytes.value, calls)};
    case Measure::Live:
      return {m.live_bytes.value, share, m.live_blocks.value,
              quotient(m.live_bytes.value, m.live_blocks.value)};
    case Measure::Peak:
      return {m.peak_bytes.value, share, calls, m.bytes.value};
    case Measure::Temporary:
      return {m.temporary.value, share, model::share(m.temporary, m.allocations), m.bytes.value};
    case Measure::Slack:
      break;
  }
  return {};
}

std::vector<Column> measure_columns() {
  return {data("share", Unit::Share),          data("allocations", Unit::Count),
          data("bytes", Unit::Bytes),          data("mean_size", Unit::Bytes),
          data("live_blocks", Unit::Count),    data("live_bytes", Unit::Bytes),
          data("peak_bytes", Unit::Bytes),     data("temporary", Unit::Count),
          data("temporary_share", Unit::Share)};
}

// How far an estimate may be off, see model::errors_of; 0 = exact. Trees do without.
std::vector<Column> error_columns() {
  return {data("allocations_error", Unit::Count), data("bytes_error", Unit::Bytes),
          data("live_blocks_error", Unit::Count), data("live_bytes_error", Unit::Bytes)};
}

std::vector<Value> error_values(const Measures& m) {
  const model::Errors errors = model::errors_of(m);
  return {errors.allocations, errors.bytes, errors.live_blocks, errors.live_bytes};
}

Value known(model::Bytes bytes) {
  return bytes.value == 0 ? Value() : Value(bytes.value);
}

std::vector<Value> measure_values(const Measures& m, const Measures& run, Measure by) {
  return {rounded(share_of(m, run, by)),
          m.allocations.value,
          m.bytes.value,
          quotient(m.bytes.value, m.allocations.value),
          m.live_blocks.value,
          m.live_bytes.value,
          m.peak_bytes.value,
          m.temporary.value,
          rounded(model::share(m.temporary, m.allocations))};
}

// "± 1.2 MiB" for the measure of the report; "" where it is exact or not known.
std::string error_text(const Measures& m, Measure by) {
  const bool live = by == Measure::Live;
  const model::Errors errors = model::errors_of(m);
  if (by == Measure::Calls) {
    return errors.allocations == 0 ? "" : "± " + format_count(errors.allocations);
  }
  if (by != Measure::Allocated && !live) return "";
  const std::int64_t error = live ? errors.live_bytes : errors.bytes;
  return error == 0 ? "" : "± " + format_bytes(error);
}

std::vector<Column> site_columns(Measure by) {
  std::vector<Column> columns = text_columns(by);
  columns.push_back({"", "function", Unit::Name, Shown::InText});
  append(columns,
         {data("site", Unit::Number), data("kind", Unit::Text), data("function", Unit::Name),
          data("file", Unit::Name), data("line", Unit::Number), data("module", Unit::Name)});
  append(columns, measure_columns());
  append(columns, error_columns());
  append(columns, {data("frees", Unit::Count), data("freed_bytes", Unit::Bytes),
                   data("peak_blocks", Unit::Count), data("reallocations", Unit::Count),
                   data("usable_bytes", Unit::Bytes), data("min_size", Unit::Bytes),
                   data("max_size", Unit::Bytes), data("first_ns", Unit::Number),
                   data("stack", Unit::Stack)});
  return columns;
}

// "site 7: malloc at parse.c:12 · 8 B to 1.0 KiB · 12.0 % temporary"
std::string site_line(const reports::SiteRow& site, Measure by) {
  const Measures& m = site.measures;
  std::string line = site_heading(site.id, site.kind, site.stack.blamed());
  const auto add = [&](const std::string& text) { line += " · " + text; };
  if (const std::string error = error_text(m, by); !error.empty()) add(error);
  if (site.min_size == site.max_size) {
    add("size " + format_bytes(site.max_size.value));
  } else {
    add(fmt::format("{} to {}", format_bytes(site.min_size.value),
                    format_bytes(site.max_size.value)));
  }
  if (by == Measure::Peak && site.peak_blocks.value > 0) {
    add(format_plural(site.peak_blocks.value, "block"));
  }
  if (by != Measure::Live && by != Measure::Temporary && m.live_bytes.value > 0) {
    add(format_bytes(m.live_bytes.value) + " alive");
  }
  if (by != Measure::Temporary && m.temporary.value > 0) {
    add(format_share(model::share(m.temporary, m.allocations)) + " temporary");
  }
  return line;
}

std::vector<std::string> site_details(const reports::SiteRow& site, Measure by,
                                      const SiteDetail& detail) {
  std::vector<std::string> lines = {site_line(site, by)};
  append(lines, detail.frames ? frame_list(site.stack, *detail.frames, kDetailWidth)
                              : caller_chain(site.stack, kDetailWidth));
  return lines;
}

Row site_row(const reports::SiteRow& site, const reports::SitesReport& report,
             const SiteDetail& detail) {
  const model::Frame& blamed = site.stack.blamed();
  Row row;
  row.values = text_values(site.measures, report.run, report.by);
  row.values.emplace_back(short_name(blamed.function));
  append<Value>(row.values, {site.id.value, site.kind, blamed.function, blamed.file, blamed.line,
                             blamed.module});
  append(row.values, measure_values(site.measures, report.run, report.by));
  append(row.values, error_values(site.measures));
  append<Value>(row.values,
                {site.frees.value, site.freed_bytes.value, site.peak_blocks.value,
                 site.reallocations.value, known(site.usable_bytes), site.min_size.value,
                 site.max_size.value, site.first_seen.value, site.stack.frames});
  if (detail.wanted) row.details = site_details(site, report.by, detail);
  return row;
}

std::string measure_text(std::int64_t value, Measure by) {
  return counts_bytes(by) ? format_bytes(value) : format_count(value);
}

Document begin_document(const Context& context, const SiteWording& wording) {
  Document document;
  document.title = fmt::format("{} of {}", wording.heading, context.program);
  document.closing = wording.remarks;
  document.notes = context.notes;
  return document;
}

// "20 of 1,234 sites: 87.3 % of 412.6 MiB allocated"
std::string coverage(std::size_t shown, model::Count all, const char* what,
                     std::int64_t shown_value, std::int64_t run_value, Measure by,
                     const std::string& measure) {
  const auto count = static_cast<std::int64_t>(shown);
  const std::string rows = count == all.value ? format_plural(all.value, what)
                                              : fmt::format("{} of {}", format_count(count),
                                                            format_plural(all.value, what));
  const double share =
      run_value == 0 ? 0 : static_cast<double>(shown_value) / static_cast<double>(run_value);
  return fmt::format("{}: {} of {} {}", rows, format_share(share), measure_text(run_value, by),
                     measure);
}

template <typename Rows>
std::int64_t sum_of(const Rows& rows, Measure by) {
  std::int64_t sum = 0;
  for (const auto& row : rows) sum += value_of(row.measures, by);
  return sum;
}

const char* group_title(reports::GroupBy group) {
  switch (group) {
    case reports::GroupBy::Function:
      return "function";
    case reports::GroupBy::File:
      return "file";
    case reports::GroupBy::Module:
      return "module";
  }
  return "";
}

// In text the short form of what the rows are grouped by.
std::string group_label(const reports::GroupRow& row, reports::GroupBy group) {
  return group == reports::GroupBy::Function ? short_name(row.name) : row.name;
}

Row group_row(const reports::GroupRow& group, const reports::GroupsReport& report) {
  Row row;
  row.values = text_values(group.measures, report.run, report.by);
  row.values.emplace_back(group.sites.value);
  row.values.emplace_back(group_label(group, report.group));
  row.values.emplace_back(group.name);
  if (report.group == reports::GroupBy::Function) row.values.emplace_back(group.file);
  if (report.group != reports::GroupBy::Module) row.values.emplace_back(group.module);
  row.values.emplace_back(group.sites.value);
  append(row.values, measure_values(group.measures, report.run, report.by));
  append(row.values, error_values(group.measures));
  return row;
}

std::vector<Column> group_columns(const reports::GroupsReport& report) {
  std::vector<Column> columns = text_columns(report.by);
  columns.push_back({"", "sites", Unit::Count, Shown::InText});
  columns.push_back({"", group_title(report.group), Unit::Name, Shown::InText});
  columns.push_back(data(group_title(report.group), Unit::Name));
  if (report.group == reports::GroupBy::Function) columns.push_back(data("file", Unit::Name));
  if (report.group != reports::GroupBy::Module) columns.push_back(data("module", Unit::Name));
  columns.push_back(data("sites", Unit::Count));
  append(columns, measure_columns());
  append(columns, error_columns());
  return columns;
}

// "parse (+3)": three callees were cut off.
std::string tree_name(const reports::TreeRow& node) {
  const std::string cut = node.hidden > 0 ? fmt::format(" (+{})", format_count(node.hidden)) : "";
  return short_name(node.frame->function) + cut;
}

bool hides_anything(const std::vector<reports::TreeRow>& rows) {
  return std::any_of(rows.begin(), rows.end(), [](const reports::TreeRow& row) {
    return row.hidden > 0 || hides_anything(row.children);
  });
}

Row tree_row(const reports::TreeRow& node, const reports::TreeReport& report) {
  Row row;
  row.values = {value_of(node.totals, report.by), share_of(node.totals, report.run, report.by),
                tree_name(node)};
  append<Value>(row.values, {node.frame->function, node.frame->file, node.frame->line,
                             node.frame->module, node.frame->inlined});
  append(row.values, measure_values(node.totals, report.run, report.by));
  row.values.emplace_back(node.hidden);
  for (const reports::TreeRow& child : node.children)
    row.children.push_back(tree_row(child, report));
  return row;
}

std::vector<Column> tree_columns(Measure by) {
  std::vector<Column> columns = {
      {"", std::string(name_of(by)), counts_bytes(by) ? Unit::Bytes : Unit::Count, Shown::InText},
      {"", "share", Unit::Share, Shown::InText},
      {"", "function", Unit::Name, Shown::InText}};
  append(columns,
         {data("function", Unit::Name), data("file", Unit::Name), data("line", Unit::Number),
          data("module", Unit::Name), data("inlined", Unit::Text)});
  append(columns, measure_columns());
  columns.push_back(data("hidden_children", Unit::Count));
  return columns;
}

}  // namespace

Document sites_document(const reports::SitesReport& report, const Context& context,
                        const SiteWording& wording, const SiteDetail& detail) {
  Document document = begin_document(context, wording);
  document.lead.push_back(coverage(report.rows.size(), report.sites, "site",
                                   sum_of(report.rows, report.by), value_of(report.run, report.by),
                                   report.by, wording.measure));
  add_selection(document, context);
  Table table;
  table.key = "sites";
  table.columns = site_columns(report.by);
  for (const reports::SiteRow& site : report.rows)
    table.rows.push_back(site_row(site, report, detail));
  document.tables.push_back(std::move(table));
  return document;
}

Document groups_document(const reports::GroupsReport& report, const Context& context,
                         const SiteWording& wording) {
  Document document = begin_document(context, wording);
  document.lead.push_back(coverage(report.rows.size(), report.groups, group_title(report.group),
                                   sum_of(report.rows, report.by), value_of(report.run, report.by),
                                   report.by, wording.measure));
  add_selection(document, context);
  Table table;
  table.key = "groups";
  table.columns = group_columns(report);
  for (const reports::GroupRow& group : report.rows) table.rows.push_back(group_row(group, report));
  document.tables.push_back(std::move(table));
  return document;
}

Document tree_document(const reports::TreeReport& report, const Context& context,
                       const SiteWording& wording) {
  Document document = begin_document(context, wording);
  const bool down = report.direction == reports::TreeDirection::TopDown;
  document.lead.push_back(fmt::format("{}: {} {}",
                                      down ? "from main down to the allocations"
                                           : "from the allocating functions up to their callers",
                                      measure_text(value_of(report.run, report.by), report.by),
                                      wording.measure));
  add_selection(document, context);
  Table table;
  table.key = "roots";
  table.layout = Layout::Tree;
  table.columns = tree_columns(report.by);
  for (const reports::TreeRow& root : report.roots) table.rows.push_back(tree_row(root, report));
  document.tables.push_back(std::move(table));
  if (hides_anything(report.roots)) {
    document.closing.insert(
        document.closing.begin(),
        fmt::format("(+N): N smaller {} are not shown.", down ? "callees" : "callers"));
  }
  if (report.hidden > 0) {
    document.closing.insert(
        document.closing.begin(),
        format_count(report.hidden) + " more at the top are not shown; --limit 0 shows all.");
  }
  return document;
}

}  // namespace heapscribe::render
