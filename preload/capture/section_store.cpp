#include "preload/capture/section_store.h"

#include <string_view>

#include "preload/capture/numbers.h"

namespace heapscribe::capture {
namespace {

std::uint64_t natural(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

}  // namespace

void SectionStore::set_section(const SectionRow& row) {
  SectionRow& known = sections_[row.id];
  if (known == row) return;
  known = row;
  changed_sections_.push_back(row.id);
}

void SectionStore::add(const SectionPlace& place, const Counters& more) {
  const auto entry = sums_.try_emplace(place).first;
  entry->second.counters += more;
  if (std::exchange(entry->second.changed, true)) return;
  changed_sums_.push_back(entry);
}

void SectionStore::set_peak(SectionId section, SiteId site, std::int64_t blocks,
                            std::int64_t bytes) {
  peaks_.push_back({section, site, blocks, bytes});
}

std::vector<std::pair<SectionPlace, Counters>> SectionStore::stored_of(ThreadId thread) {
  std::vector<std::pair<SectionPlace, Counters>> found;
  Statement rows = database_.prepare(
      "SELECT section_id, site_id, allocations, bytes, frees, freed_bytes, temporary"
      " FROM section_site WHERE thread_id = ?");
  rows.bind(1, integer(thread));
  while (rows.step()) {
    found.emplace_back(SectionPlace{static_cast<SectionId>(rows.integer(0)),
                                    static_cast<SiteId>(rows.integer(1)), thread},
                       Counters{natural(rows, 2), natural(rows, 3), natural(rows, 4),
                                natural(rows, 5), natural(rows, 6), 0, 0});
  }
  return found;
}

bool SectionStore::batch_is_empty() const {
  return !restarted_ && changed_sections_.empty() && changed_sums_.empty() && peaks_.empty() &&
         markers_.empty();
}

void SectionStore::write() {
  if (batch_is_empty()) return;
  if (restarted_) database_.execute("DELETE FROM section_site");
  write_sections();
  write_sums();
  write_peaks();
  write_markers();
}

void SectionStore::write_sections() {
  Statement row = database_.prepare(
      "INSERT OR REPLACE INTO section (id, parent_id, name, first_ns, entered, ended)"
      " VALUES (?, nullif(?, 0), ?, ?, ?, ?)");
  for (const SectionId id : changed_sections_) {
    const SectionRow& section = sections_.at(id);
    row.bind_all(integer(section.id), integer(section.parent), std::string_view(section.name),
                 integer(section.first_ns), integer(section.entered), integer(section.ended));
    row.run();
  }
}

void SectionStore::write_sums() {
  Statement row = database_.prepare(
      "INSERT OR REPLACE INTO section_site (section_id, site_id, thread_id, allocations, bytes,"
      " frees, freed_bytes, temporary) VALUES (?,?,?,?,?,?,?,?)");
  for (const Sums::iterator& sum : changed_sums_) {
    const auto& [place, value] = *sum;
    const Counters& counters = value.counters;
    row.bind_all(integer(place.section), integer(place.site), integer(place.thread),
                 integer(counters.allocations), integer(counters.bytes), integer(counters.frees),
                 integer(counters.freed_bytes), integer(counters.temporary));
    row.run();
  }
}

void SectionStore::write_peaks() {
  Statement row = database_.prepare(
      "INSERT OR REPLACE INTO section_peak (section_id, site_id, blocks, bytes) VALUES (?,?,?,?)");
  for (const Peak& peak : peaks_) {
    if (peak.blocks == 0) continue;
    row.bind_all(integer(peak.section), integer(peak.site), peak.blocks, peak.bytes);
    row.run();
  }
}

void SectionStore::write_markers() {
  Statement row =
      database_.prepare("INSERT OR REPLACE INTO marker (id, ns, name, thread_id) VALUES (?,?,?,?)");
  for (const MarkerRow& marker : markers_) {
    row.bind_all(integer(marker.id), integer(marker.ns), std::string_view(marker.name),
                 integer(marker.thread));
    row.run();
  }
}

void SectionStore::written() {
  restarted_ = false;
  changed_sections_.clear();
  for (const Sums::iterator& sum : changed_sums_) sum->second.changed = false;
  changed_sums_.clear();
  peaks_.clear();
  markers_.clear();
}

}  // namespace heapscribe::capture
