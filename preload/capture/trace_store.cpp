#include "preload/capture/trace_store.h"

#include <utility>

#include "preload/capture/numbers.h"
#include "preload/wire/losses.h"

namespace heapscribe::capture {

std::unordered_map<wire::Ref, TraceStore::Stored> TraceStore::resume() {
  recovered_ = 1;
  database_.execute("DELETE FROM trace_chunk WHERE recovered = 1");
  Statement rows = database_.prepare("SELECT row, site_id IS NULL FROM trace_site");
  while (rows.step()) {
    const auto ref = static_cast<wire::Ref>(rows.integer(0));
    known_rows_.insert(ref);
    if (rows.integer(1) != 0) rows_.push_back({.ref = ref});
  }
  std::unordered_map<wire::Ref, Stored> stored;
  Statement sources = database_.prepare(
      "SELECT source, sum(events), max(last_number), sum(lost) FROM trace_chunk GROUP BY source");
  while (sources.step()) {
    stored[static_cast<wire::Ref>(sources.integer(0))] = {
        static_cast<std::uint64_t>(sources.integer(1)),
        static_cast<std::uint64_t>(sources.integer(2)),
        static_cast<std::uint64_t>(sources.integer(3))};
  }
  return stored;
}

void TraceStore::add(TraceChunk chunk) {
  for (const wire::Ref row : chunk.rows) {
    if (known_rows_.insert(row).second) rows_.push_back({.ref = row});
  }
  chunks_.push_back(std::move(chunk));
}

void TraceStore::find_sites(const FindSite& find_site) {
  for (Row& row : rows_) {
    if (!row.site) row.site = find_site(row.ref);
  }
}

void TraceStore::write() {
  if (!chunks_.empty()) {
    Statement insert = database_.prepare(
        "INSERT INTO trace_chunk (thread_id, source, first_number, last_number, first_ns, last_ns,"
        " events, lost, recovered, data) VALUES (?,?,?,?,?,?,?,?,?,?)");
    for (const TraceChunk& chunk : chunks_) {
      insert.bind_all(integer(chunk.thread), integer(chunk.source), integer(chunk.first_number),
                      integer(chunk.last_number), integer(chunk.first_ns), integer(chunk.last_ns),
                      integer(chunk.events), integer(chunk.lost), recovered_);
      insert.bind_blob(10, chunk.data);
      insert.run();
    }
  }
  if (rows_.empty()) return;
  Statement name =
      database_.prepare("INSERT OR REPLACE INTO trace_site (row, site_id) VALUES (?,?)");
  for (const Row& row : rows_) {
    name.bind(1, integer(row.ref)).bind_null(2);
    if (row.site) name.bind(2, integer(*row.site));
    name.run();
  }
}

void TraceStore::write_loss() {
  std::uint64_t lost = lost_;
  for (const TraceChunk& chunk : chunks_) lost += chunk.lost;
  if (lost == 0) return;
  Statement update = database_.prepare("UPDATE loss SET events = ? WHERE kind = ?");
  const auto kind = static_cast<std::size_t>(wire::Loss::UntracedEvents);
  update.bind_all(integer(lost), wire::kLossTexts[kind].key);
  update.run();
}

void TraceStore::written() {
  for (const TraceChunk& chunk : chunks_) lost_ += chunk.lost;
  chunks_.clear();
  std::erase_if(rows_, [](const Row& row) { return row.site.has_value(); });
}

}  // namespace heapscribe::capture
