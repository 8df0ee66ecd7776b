#include "analyzer/model/moment.h"

#include <charconv>
#include <stdexcept>

#include "analyzer/model/site_series.h"
#include "analyzer/queries/queries.h"
#include "preload/capture/site_points.h"

namespace heapscribe::model {
namespace {

using Sites = std::unordered_map<SiteId, Held>;

// "2.1 s", "0.152 s"
std::string in_seconds(std::int64_t ns) {
  const std::int64_t ms = (ns + 500'000) / 1'000'000;
  std::string digits = std::to_string(1000 + ms % 1000).substr(1);
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  return std::to_string(ms / 1000) + "." + digits + " s";
}

std::optional<std::int64_t> number_of(const std::string& name) {
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || rest != name.data() + name.size()) return std::nullopt;
  return number;
}

Moment moment_of_row(const capture::Statement& row) {
  const std::int64_t id = row.integer(0);
  const std::string label = row.text(1);
  const std::string cause = row.text(3);
  Moment moment;
  moment.at.value = row.integer(2);
  if (cause == "peak") {
    moment.kind = MomentKind::Peak;
    moment.words = "the peak at " + in_seconds(moment.at.value);
  } else if (cause == "exit") {
    moment.kind = MomentKind::Exit;
    moment.words = "the end at " + in_seconds(moment.at.value);
  } else {
    moment.kind = MomentKind::Snapshot;
    moment.snapshot = id;
    moment.words = "snapshot " + std::to_string(id) + (label.empty() ? "" : " '" + label + "'") +
                   " at " + in_seconds(moment.at.value);
  }
  return moment;
}

// Of several with one label the last.
std::optional<Moment> find_snapshot(CaptureReader& reader, const std::string& name) {
  auto row = reader.database().prepare(queries::snapshot_named);
  row.bind(1, std::string_view(name));
  row.bind(2, number_of(name).value_or(-1));
  if (!row.step()) return std::nullopt;
  Moment moment = moment_of_row(row);
  moment.namesakes = static_cast<int>(row.integer(4));
  return moment;
}

Moment moment_at(const CaptureReader& reader, const std::string& name, std::int64_t time) {
  const std::int64_t end = reader.totals().duration.value;
  if (time > end) {
    throw std::runtime_error("the recording '" + reader.path() + "' lasted " + in_seconds(end) +
                             ", so there is no '" + name + "' in it");
  }
  return {MomentKind::Time, 0, {time}, in_seconds(time)};
}

std::optional<Moment> find_marker(CaptureReader& reader, const std::string& name) {
  if (!has_markers(reader)) return std::nullopt;
  auto row = reader.database().prepare(queries::marker_named);
  row.bind(1, std::string_view(name));
  if (!row.step() || row.is_null(0)) return std::nullopt;
  const std::int64_t at = row.integer(0);
  return Moment{MomentKind::Time, 0, {at}, "marker '" + name + "' at " + in_seconds(at)};
}

Sites at_snapshot(CaptureReader& reader, std::int64_t id) {
  Sites sites;
  auto rows = reader.database().prepare(queries::snapshot_points);
  rows.bind(1, id);
  while (rows.step()) {
    const bool sound = capture::for_each_row(rows.text(0), [&](auto n) {
      sites[SiteId{n[0]}] = {{n[2]}, {n[1]}, {}, {n[4]}, {n[3]}};
    });
    if (!sound) {
      throw std::runtime_error("'" + reader.path() + "' is damaged: a snapshot in it is cut");
    }
  }
  return sites;
}

Sites at_time(CaptureReader& reader, std::int64_t time) {
  Sites sites;
  const SiteSeries series(reader);
  auto rows = reader.database().prepare(queries::site_totals);
  while (rows.step()) {
    const SiteId site{rows.integer(0)};
    const SitePoint point = SiteSeries::at(series.of(site), time);
    sites[site] = {{point.live_bytes}, {point.live_blocks}, {}, {point.bytes}, {point.allocations}};
  }
  return sites;
}

Sites from_totals(CaptureReader& reader, MomentKind kind) {
  Sites sites;
  auto rows = reader.database().prepare(queries::site_totals);
  while (rows.step()) {
    Held& held = sites[SiteId{rows.integer(0)}];
    held = kind == MomentKind::Peak
               ? Held{{rows.integer(6)}, {rows.integer(5)}, {rows.integer(6)}, {}, {}}
               : Held{{rows.integer(2)},
                      {rows.integer(1)},
                      {rows.integer(6)},
                      {rows.integer(4)},
                      {rows.integer(3)}};
  }
  return sites;
}

}  // namespace

Moment find_moment(CaptureReader& reader, const std::string& name,
                   std::optional<std::int64_t> time) {
  const std::int64_t end = reader.totals().duration.value;
  if (name == "start") return {MomentKind::Start, 0, {0}, "the start"};
  if (const auto snapshot = find_snapshot(reader, name)) return *snapshot;
  // Before the end is written, it is now.
  if (name == "exit" || name == "end") {
    return {MomentKind::Exit, 0, {end}, "the end at " + in_seconds(end)};
  }
  if (const auto marker = find_marker(reader, name)) return *marker;
  if (time) return moment_at(reader, name, *time);
  throw std::runtime_error("'" + reader.path() + "' has no snapshot or marker '" + name +
                           "'; heapscribe snapshots lists them, and a time such as 2.5s will do");
}

bool has_markers(CaptureReader& reader) {
  return reader.database().integer("SELECT count(*) FROM sqlite_master WHERE name = 'marker'") != 0;
}

bool knows_bytes(CaptureReader& reader, const Moment& moment) {
  if (moment.kind == MomentKind::Time) return knows_bytes_over_time(reader);
  return moment.kind != MomentKind::Peak;
}

Sites held_at(CaptureReader& reader, const Moment& moment) {
  switch (moment.kind) {
    case MomentKind::Start:
      return {};
    case MomentKind::Snapshot:
      return at_snapshot(reader, moment.snapshot);
    case MomentKind::Time:
      return at_time(reader, moment.at.value);
    case MomentKind::Peak:
    case MomentKind::Exit:
      return from_totals(reader, moment.kind);
  }
  return {};
}

}  // namespace heapscribe::model
