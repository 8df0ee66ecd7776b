#include "preload/capture/snapshot_store.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "preload/capture/numbers.h"

namespace heapscribe::capture {
namespace {

constexpr std::array<std::string_view, 6> kCauseTexts = {"periodic", "ctl",    "signal",
                                                         "program",  "memory", "budget"};

// "[[" and "]," around numbers of a few digits each.
std::size_t count_points(std::string_view text) {
  const auto rows = std::count(text.begin(), text.end(), '[');
  return rows > 0 ? static_cast<std::size_t>(rows) - 1 : 0;
}

}  // namespace

SnapshotStore::SnapshotStore(Database& database, SnapshotLimits limits)
    : database_(database), limits_(limits) {
  last_id_ =
      static_cast<std::uint32_t>(database_.integer("SELECT ifnull(max(id), 0) FROM snapshot"));
}

std::uint32_t SnapshotStore::take(const SnapshotMoment& moment, const CaptureWriter& writer) {
  const bool periodic = moment.cause == SnapshotCause::Periodic;
  if (!periodic && labelled_ >= limits_.snapshots) return 0;
  std::vector<HeldBySite> changed;
  std::size_t holding = 0;
  seen_.resize(writer.sites() + 1);
  for (SiteId site = 1; site < seen_.size(); ++site) {
    const Counters& now = writer.site_counters(site);
    if (now.live_blocks() > 0) ++holding;
    if (now.allocations == seen_[site].allocations && now.frees == seen_[site].frees) continue;
    seen_[site] = now;
    changed.push_back({site, now.live_blocks(), now.live_bytes(), now.allocations, now.bytes});
  }
  const std::uint32_t id = ++last_id_;
  waiting_.push_back({id, moment, holding, pack_points(changed)});
  snapshots_.push_back({id, periodic, changed.size()});
  points_ += changed.size();
  if (!periodic) ++labelled_;
  return id;
}

void SnapshotStore::write() {
  for (const Waiting& snapshot : waiting_) insert(snapshot);
  while (too_many()) {
    const std::size_t before = snapshots_.size();
    thin_out();
    if (snapshots_.size() == before) break;
  }
}

void SnapshotStore::insert(const Waiting& snapshot) {
  const SnapshotMoment& moment = snapshot.moment;
  Statement row = database_.prepare(
      "INSERT OR REPLACE INTO snapshot (id, label, ns, cause, live_blocks, live_bytes, allocations,"
      " bytes, sites, rss_bytes, pause_ns, read_ns) VALUES (?,?,?,?,?,?,?,?,?,?,0,?)");
  row.bind_all(integer(snapshot.id), std::string_view(moment.label), integer(moment.ns),
               kCauseTexts[static_cast<std::size_t>(moment.cause)], moment.live_blocks,
               moment.live_bytes, integer(moment.allocations), integer(moment.bytes),
               integer(snapshot.sites), integer(moment.rss_bytes), integer(moment.read_ns));
  row.run();
  Statement points = database_.prepare(
      "INSERT OR REPLACE INTO snapshot_points (snapshot_id, points) VALUES (?,?)");
  points.bind_all(integer(snapshot.id), std::string_view(snapshot.points));
  points.run();
}

bool SnapshotStore::too_many() const {
  return snapshots_.size() > limits_.snapshots || points_ > limits_.points;
}

// Every other periodic one goes, the first of each pair, so that those at the doubled distance
// stay. The last of all is nobody's forerunner and stays too.
void SnapshotStore::thin_out() {
  std::vector<Snapshot> kept;
  bool goes = false;
  for (std::size_t index = 0; index < snapshots_.size(); ++index) {
    const Snapshot& snapshot = snapshots_[index];
    const bool last = index + 1 == snapshots_.size();
    if (snapshot.periodic) goes = !goes;
    if (!snapshot.periodic || !goes || last) {
      kept.push_back(snapshot);
      continue;
    }
    Snapshot& heir = snapshots_[index + 1];
    const std::size_t merged = give_up(snapshot, heir);
    points_ -= snapshot.points + heir.points - merged;
    heir.points = merged;
    ++thinned_;
  }
  if (kept.size() < snapshots_.size()) thinning_ *= 2;
  snapshots_ = std::move(kept);
}

std::size_t SnapshotStore::give_up(const Snapshot& snapshot, const Snapshot& heir) {
  const std::string merged = merge_points(points_of(snapshot.id), points_of(heir.id));
  Statement update =
      database_.prepare("UPDATE snapshot_points SET points = ?2 WHERE snapshot_id = ?1");
  update.bind_all(integer(heir.id), std::string_view(merged));
  update.run();
  Statement points = database_.prepare("DELETE FROM snapshot_points WHERE snapshot_id = ?1");
  points.bind(1, integer(snapshot.id)).run();
  Statement row = database_.prepare("DELETE FROM snapshot WHERE id = ?1");
  row.bind(1, integer(snapshot.id)).run();
  return count_points(merged);
}

std::string SnapshotStore::points_of(std::uint32_t id) {
  Statement row = database_.prepare("SELECT points FROM snapshot_points WHERE snapshot_id = ?1");
  row.bind(1, integer(id));
  return row.step() ? row.text(0) : "[]";
}

void SnapshotStore::write_final() {
  database_.execute(
      "DELETE FROM snapshot WHERE cause IN ('peak', 'exit');"
      "INSERT INTO snapshot (label, ns, cause, live_blocks, live_bytes, allocations, bytes, sites,"
      " rss_bytes, pause_ns, read_ns)"
      " SELECT 'peak', r.value, 'peak', ifnull((SELECT sum(peak_blocks) FROM site), 0),"
      "  ifnull((SELECT value FROM recording WHERE key = 'peak_bytes'), 0), NULL, NULL,"
      "  (SELECT count(*) FROM site WHERE peak_blocks > 0), 0, 0, 0"
      " FROM recording r WHERE r.key = 'peak_ns';"
      "INSERT INTO snapshot (label, ns, cause, live_blocks, live_bytes, allocations, bytes, sites,"
      " rss_bytes, pause_ns, read_ns)"
      " SELECT 'exit', r.value, 'exit',"
      "  ifnull((SELECT value FROM recording WHERE key = 'live_blocks'), 0),"
      "  ifnull((SELECT value FROM recording WHERE key = 'live_bytes'), 0),"
      "  (SELECT value FROM recording WHERE key = 'allocations'),"
      "  (SELECT value FROM recording WHERE key = 'allocated_bytes'),"
      "  (SELECT count(*) FROM site WHERE live_blocks > 0),"
      "  ifnull((SELECT rss_bytes FROM timeline ORDER BY ns DESC LIMIT 1), 0), 0, 0"
      " FROM recording r WHERE r.key = 'duration_ns';");
}

void SnapshotStore::written() {
  waiting_.clear();
}

}  // namespace heapscribe::capture
