// snapshots.
#include <fmt/format.h>

#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"
#include "analyzer/render/growth_documents.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

using reports::SnapshotRow;
using reports::SnapshotsReport;

Value known(model::Bytes bytes) {
  return bytes.value > 0 ? Value(bytes.value) : Value();
}

std::string cost_of(const SnapshotRow& row) {
  return row.reading.value > 0 ? format_duration(row.reading.value) : std::string();
}

Row row_of(const SnapshotRow& row) {
  Row result;
  result.values = {row.id,
                   row.label,
                   format_duration(row.at.value),
                   static_cast<double>(row.at.value) / 1e9,
                   row.cause,
                   row.live_bytes.value,
                   row.live_blocks.value,
                   row.sites.value,
                   known(row.resident),
                   row.allocations ? Value(row.allocations->value) : Value(),
                   row.pause.value,
                   row.reading.value,
                   cost_of(row)};
  return result;
}

bool was_taken(const SnapshotRow& row) {
  return row.cause != "peak" && row.cause != "exit";
}

std::string markers_of(const SnapshotsReport& report) {
  constexpr std::size_t kMost = 20;
  std::string text;
  for (const reports::MarkerRow& marker : report.markers) {
    if (&marker - report.markers.data() == kMost) {
      return text + fmt::format(" and {} more", report.markers.size() - kMost);
    }
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", printable(marker.name),
                        format_duration(marker.at.value));
  }
  return text;
}

// The peak and the end come by themselves, and the end is after the program has cleaned up.
std::string verdict_on(const SnapshotsReport& report, const Context& context) {
  std::vector<const SnapshotRow*> taken;
  for (const SnapshotRow& row : report.rows) {
    if (was_taken(row)) taken.push_back(&row);
  }
  if (taken.size() < 2) {
    return "For more than these: run --snapshot-every 1s, or heapscribe ctl PID snapshot LABEL.";
  }
  const SnapshotRow& first = *taken.front();
  const SnapshotRow& last = *taken.back();
  const model::Bytes change = last.live_bytes - first.live_bytes;
  if (change.value == 0) {
    return fmt::format("As much was held at snapshot {} as at {}.", last.id, first.id);
  }
  return fmt::format(
      "{} from snapshot {} to {}. By whom: heapscribe diff {} --from {} --to {}",
      change.value > 0 ? "+" + format_bytes(change.value) : "-" + format_bytes(-change.value),
      first.id, last.id, context.path, first.id, last.id);
}

}  // namespace

Document snapshots_document(const SnapshotsReport& report, const Context& context) {
  Document document;
  document.title = "Snapshots of " + context.program;
  document.notes = context.notes;
  Table table;
  table.key = "snapshots";
  table.when_empty = "no snapshot was written yet";
  table.columns = {{"id", "id", Unit::Number},
                   {"label", "label", Unit::Name},
                   text("time", Unit::Text),
                   data("seconds", Unit::Number),
                   {"cause", "cause", Unit::Text},
                   {"live_bytes", "live", Unit::Bytes},
                   {"live_blocks", "blocks", Unit::Count},
                   {"sites", "sites", Unit::Count},
                   {"resident_bytes", "resident", Unit::Bytes},
                   data("allocations", Unit::Count),
                   data("pause_ns", Unit::Number),
                   data("read_ns", Unit::Number),
                   text("read in", Unit::Text)};
  for (const SnapshotRow& row : report.rows) table.rows.push_back(row_of(row));
  document.tables = {std::move(table)};
  if (report.rows.empty()) return document;
  std::vector<std::string> sentences;
  if (report.thinned.value > 0) {
    sentences.push_back(
        fmt::format("{} were given up to bound their number; one every {} is left.",
                    format_plural(report.thinned.value, "periodic snapshot"),
                    format_duration(report.every.value_or(model::Nanoseconds{}).value)));
  }
  if (!report.markers.empty()) sentences.push_back("Markers: " + markers_of(report) + ".");
  sentences.emplace_back(
      "The program was not stopped for any of them: its counters were read while it ran.");
  sentences.push_back(verdict_on(report, context));
  for (const std::string& sentence : sentences) append_wrapped(document.closing, sentence);
  return document;
}

}  // namespace heapscribe::render
