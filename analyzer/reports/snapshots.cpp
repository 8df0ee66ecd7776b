#include "analyzer/reports/snapshots.h"

#include "analyzer/model/moment.h"
#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

SnapshotRow read_row(const capture::Statement& row) {
  SnapshotRow snapshot;
  snapshot.id = row.integer(0);
  snapshot.label = row.text(1);
  snapshot.at.value = row.integer(2);
  snapshot.cause = row.text(3);
  snapshot.live_blocks.value = row.integer(4);
  snapshot.live_bytes.value = row.integer(5);
  if (!row.is_null(6)) snapshot.allocations = model::Count{row.integer(6)};
  snapshot.sites.value = row.integer(7);
  snapshot.resident.value = row.integer(8);
  snapshot.pause.value = row.integer(9);
  snapshot.reading.value = row.integer(10);
  return snapshot;
}

std::vector<MarkerRow> list_markers(model::CaptureReader& reader) {
  std::vector<MarkerRow> markers;
  if (!model::has_markers(reader)) return markers;
  auto rows = reader.database().prepare(queries::markers);
  while (rows.step()) markers.push_back({rows.text(0), {rows.integer(1)}});
  return markers;
}

}  // namespace

SnapshotsReport list_snapshots(model::CaptureReader& reader) {
  SnapshotsReport report;
  auto rows = reader.database().prepare(queries::snapshots);
  while (rows.step()) report.rows.push_back(read_row(rows));
  report.markers = list_markers(reader);
  if (const auto every = reader.integer("snapshot_every_ns")) {
    report.every = model::Nanoseconds{*every};
  }
  report.thinned.value = reader.integer("snapshots_thinned").value_or(0);
  return report;
}

}  // namespace heapscribe::reports
