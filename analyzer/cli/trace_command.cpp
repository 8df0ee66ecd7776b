// heapscribe trace DB: every single event, in order.
//
// A trace may be far larger than memory: data is written line by line as it is read, and only what
// people look at becomes a document.
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include "analyzer/cli/command.h"
#include "analyzer/cli/open_capture.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/model/trace_blocks.h"
#include "analyzer/model/trace_reader.h"
#include "analyzer/queries/queries.h"
#include "analyzer/render/format.h"
#include "analyzer/render/short_name.h"
#include "analyzer/render/writers.h"

namespace heapscribe::cli {
namespace {

using model::TraceEvent;
using model::TraceEventKind;

struct TraceOptions {
  InputOptions input;
  LimitOption limit;
  std::optional<std::int64_t> thread, site;
  std::string address;
  std::optional<double> from, to;
  bool names = false;
};

// Which events
// ------------------------------------------------------------------------------------

struct Filter {
  std::optional<std::int64_t> thread, site;
  std::optional<std::uint64_t> address;
  std::int64_t from_ns = 0;
  std::int64_t to_ns = INT64_MAX;

  // Gaps concern every thread, site and address.
  bool lets_pass(const TraceEvent& event) const {
    if (event.ns < from_ns || event.ns > to_ns) return false;
    if (event.kind == TraceEventKind::Gap) return true;
    if (thread && *thread != event.thread) return false;
    if (site && *site != event.site) return false;
    return !address || *address == event.address || *address == event.old_address;
  }
};

std::uint64_t address_of(const std::string& text) {
  try {
    std::size_t end = 0;
    const std::uint64_t address = std::stoull(text, &end, 0);
    if (end == text.size() && text.front() != '-') return address;
  } catch (const std::logic_error&) {
  }
  throw std::runtime_error(fmt::format("'{}' is not an address, as in 0x7f12345678a0", text));
}

std::int64_t nanoseconds(double seconds) {
  return static_cast<std::int64_t>(seconds * 1e9);
}

Filter filter_of(const TraceOptions& options) {
  Filter filter{.thread = options.thread, .site = options.site, .address = std::nullopt};
  if (!options.address.empty()) filter.address = address_of(options.address);
  if (options.from) filter.from_ns = nanoseconds(*options.from);
  if (options.to) filter.to_ns = nanoseconds(*options.to);
  if (filter.from_ns > filter.to_ns) {
    throw std::runtime_error(
        fmt::format("--from {} is later than --to {}", *options.from, *options.to));
  }
  return filter;
}

// Calls `use` with the events that pass, releases completed with what they release, until `use` has
// had `limit` of them.
template <typename Use>
void for_each_event(model::TraceReader& trace, const Filter& filter,
                    std::optional<std::int64_t> limit, bool with_begins, Use use) {
  model::TraceBlocks blocks;
  std::int64_t count = 0;
  for (TraceEvent event; (!limit || count < *limit) && trace.next(event);) {
    if (const auto block = blocks.follow(event)) {
      event.size = block->size;
      event.site = block->site;
    }
    if (event.kind == TraceEventKind::ReallocBegin && !with_begins) continue;
    if (!filter.lets_pass(event)) continue;
    use(event);
    ++count;
  }
}

// Names of sites
// -----------------------------------------------------------------------------------

struct SiteName {
  std::string kind, function;
};

class SiteNames {
 public:
  explicit SiteNames(capture::Database& database) : name_(database.prepare(queries::site_name)) {}
  const SiteName& of(std::int64_t site) {
    const auto [entry, fresh] = names_.try_emplace(site);
    if (!fresh) return entry->second;
    name_.reset();
    name_.bind(1, site);
    if (name_.step()) entry->second = {name_.text(0), name_.text(1)};
    return entry->second;
  }

 private:
  capture::Statement name_;
  std::unordered_map<std::int64_t, SiteName> names_;
};

// For programs
// -----------------------------------------------------------------------------------------

const char* name_of(TraceEventKind kind) {
  switch (kind) {
    case TraceEventKind::Allocation:
      return "allocation";
    case TraceEventKind::Release:
      return "release";
    case TraceEventKind::ReallocBegin:
      return "realloc-begin";
    case TraceEventKind::Realloc:
      return "realloc";
    case TraceEventKind::Gap:
      return "gap";
  }
  return "";
}

// `name`: of the event's site; nullptr = it is not asked for.
void write_json_line(std::ostream& out, const TraceEvent& event, const SiteName* name) {
  fmt::print(out, R"({{"number":{},"ns":{},"thread":{},"event":"{}")", event.number, event.ns,
             event.thread, name_of(event.kind));
  if (event.kind == TraceEventKind::Gap) {
    fmt::print(out, ",\"last\":{},\"lost\":{}}}\n", event.last, event.lost);
    return;
  }
  fmt::print(out, R"(,"address":"{:#x}","size":{},"site":{})", event.address, event.size,
             event.site);
  if (event.kind == TraceEventKind::Realloc) {
    fmt::print(out, R"(,"old_address":"{:#x}")", event.old_address);
  }
  if (name != nullptr) {
    fmt::print(out, R"(,"kind":{},"function":{})", render::json_text(name->kind),
               render::json_text(name->function));
  }
  out << "}\n";
}

constexpr char kCsvHeader[] = "number,ns,thread,event,address,size,site,old_address,last,lost";

void write_csv_line(std::ostream& out, const TraceEvent& event, const SiteName* name) {
  fmt::print(out, "{},{},{},{},", event.number, event.ns, event.thread, name_of(event.kind));
  if (event.kind == TraceEventKind::Gap) {
    fmt::print(out, ",,,,{},{}", event.last, event.lost);
  } else if (event.kind == TraceEventKind::Realloc) {
    fmt::print(out, "{:#x},{},{},{:#x},,", event.address, event.size, event.site,
               event.old_address);
  } else {
    fmt::print(out, "{:#x},{},{},,,", event.address, event.size, event.site);
  }
  if (name != nullptr) {
    fmt::print(out, ",{},{}", render::csv_text(name->kind), render::csv_text(name->function));
  }
  out << '\n';
}

void print_lines(model::CaptureReader& recording, model::TraceReader& trace, const Filter& filter,
                 const TraceOptions& options) {
  const bool csv = options.input.chosen_format() == render::Format::Csv;
  SiteNames names(recording.database());
  print([&](std::ostream& out) {
    if (csv) out << kCsvHeader << (options.names ? ",kind,function\n" : "\n");
    for_each_event(trace, filter, options.limit.rows(options.input.chosen_format()), true,
                   [&](const TraceEvent& event) {
                     const SiteName* name = options.names ? &names.of(event.site) : nullptr;
                     csv ? write_csv_line(out, event, name) : write_json_line(out, event, name);
                   });
  });
}

// For people
// -------------------------------------------------------------------------------------------

render::Row gap_row(const TraceEvent& event) {
  const auto lost = static_cast<std::int64_t>(event.lost);
  render::Row row;
  row.values = {render::format_duration(event.ns),
                event.thread,
                std::string("gap"),
                std::monostate(),
                std::monostate(),
                std::monostate(),
                render::format_plural(lost, "event") + " missing"};
  return row;
}

render::Row row_of(const TraceEvent& event, SiteNames& names) {
  if (event.kind == TraceEventKind::Gap) return gap_row(event);
  const SiteName& name = names.of(event.site);
  const bool release = event.kind == TraceEventKind::Release;
  const bool unknown = release && event.site == 0;
  render::Row row;
  row.values = {render::format_duration(event.ns),
                event.thread,
                release ? std::string("free") : name.kind,
                fmt::format("{:#x}", event.address),
                unknown ? render::Value() : static_cast<std::int64_t>(event.size),
                event.site == 0 ? render::Value() : event.site,
                unknown ? std::string("(not traced)") : render::short_name(name.function)};
  if (event.kind == TraceEventKind::Realloc) {
    row.details = {event.address == event.old_address
                       ? std::string("in place")
                       : fmt::format("from {:#x}", event.old_address)};
  }
  return row;
}

// Gaps say where events are missing, the losses how many are.
std::vector<std::string> missing_events(std::int64_t in_gaps, std::int64_t counted) {
  const auto events = [](std::int64_t count) { return render::format_plural(count, "event"); };
  if (in_gaps == 0 && counted == 0) return {"no event is missing"};
  std::vector<std::string> lines;
  if (in_gaps > 0) lines.push_back(events(in_gaps) + " missing, in gaps");
  if (counted > in_gaps) {
    lines.push_back(events(counted - in_gaps) + " missing, and it is not known where");
  } else if (counted < in_gaps) {
    lines.push_back(
        fmt::format("{} fewer counted as lost than the gaps say", events(in_gaps - counted)));
  }
  return lines;
}

std::int64_t untraced_events(const model::CaptureReader& recording) {
  for (const model::Loss& loss : recording.losses()) {
    if (loss.kind == "untraced_events") return loss.events.value;
  }
  return 0;
}

std::vector<std::string> lead_of(const model::CaptureReader& recording,
                                 const model::TraceReader& trace) {
  const model::TraceTotals& totals = trace.totals();
  const std::int64_t events = totals.events.value;
  std::vector<std::string> lead = {
      fmt::format("{} of {} in {}", render::format_plural(events, "event"),
                  render::format_plural(totals.threads.value, "thread"),
                  render::format_bytes(totals.stored.value))};
  if (events > 0) {
    lead.front() += fmt::format(", {:.2g} bytes each", static_cast<double>(totals.stored.value) /
                                                           static_cast<double>(events));
  }
  for (const std::string& line : missing_events(totals.lost.value, untraced_events(recording))) {
    lead.push_back(line);
  }
  if (trace.ended_at()) {
    lead.push_back(fmt::format("the trace ended after {}, when its buffer was full",
                               render::format_duration(*trace.ended_at())));
  }
  return lead;
}

void print_document(model::CaptureReader& recording, model::TraceReader& trace,
                    const Filter& filter, const TraceOptions& options) {
  render::Table table;
  table.key = "events";
  table.when_empty = "no such event";
  table.columns = {
      {"ns", "time", render::Unit::Number},        {"thread", "thread", render::Unit::Number},
      {"event", "event", render::Unit::Text},      {"address", "address", render::Unit::Text},
      {"size", "size", render::Unit::Number},      {"site", "site", render::Unit::Number},
      {"function", "function", render::Unit::Name}};
  SiteNames names(recording.database());
  const auto limit = options.limit.rows(options.input.chosen_format());
  for_each_event(trace, filter, limit, false,
                 [&](const TraceEvent& event) { table.rows.push_back(row_of(event, names)); });
  const render::Context context = context_of(recording);
  render::Document document;
  document.title = "Event trace of " + context.program;
  document.lead = lead_of(recording, trace);
  document.tables.push_back(std::move(table));
  document.notes = context.notes;
  print(document, options.input.chosen_format());
}

void print_trace(const TraceOptions& options) {
  const Filter filter = filter_of(options);
  const auto recording = open_capture(options.input.path);
  model::TraceReader trace(*recording);
  const render::Format format = options.input.chosen_format();
  if (format == render::Format::Json || format == render::Format::Csv) {
    return print_lines(*recording, trace, filter, options);
  }
  print_document(*recording, trace, filter, options);
}

}  // namespace

void add_trace_command(CLI::App& app, int&) {
  auto options = std::make_shared<TraceOptions>();
  CLI::App* command =
      app.add_subcommand("trace", "Every single event in order, of a run with --trace");
  options->input.add_to(*command);
  options->limit.add_to(*command);
  const std::string group = "Filters";
  const auto filter = [&](const char* name, auto& value, const char* help, const char* type) {
    return command->add_option(name, value, help)->type_name(type)->group(group);
  };
  filter("--thread", options->thread, "Events of the thread with this id", "ID")
      ->check(whole_number());
  filter("--site", options->site, "Blocks of this site, as in hotspots", "ID")
      ->check(whole_number());
  filter("--address", options->address, "Blocks at this address", "ADDRESS");
  filter("--from", options->from, "From this time on, in seconds since the start", "SECONDS")
      ->transform(seconds());
  filter("--to", options->to, "Up to this time", "SECONDS")->transform(seconds());
  command->add_flag("--names", options->names,
                    "Call and function of each block's site in json and csv too");
  command->footer(
      "json is one object a line here. realloc-begin is where a realloc gives up its old block, "
      "to\n"
      "which the realloc that follows belongs: another thread may get the address in between.");
  command->callback([options] { print_trace(*options); });
}

}  // namespace heapscribe::cli
