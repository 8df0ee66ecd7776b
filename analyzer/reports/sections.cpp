#include "analyzer/reports/sections.h"

#include <algorithm>
#include <map>

#include "analyzer/model/selection.h"
#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

SectionRow read_row(const capture::Statement& row) {
  SectionRow section;
  section.id = row.integer(0);
  section.parent = row.integer(1);
  section.name = row.text(2);
  section.first.value = row.integer(3);
  section.entered.value = row.integer(4);
  section.ended.value = row.integer(5);
  section.net = {{row.integer(6)}, {row.integer(7)},  {row.integer(8)},
                 {row.integer(9)}, {row.integer(10)}, {row.integer(11)}};
  return section;
}

SectionRows read_rows(model::CaptureReader& reader) {
  SectionRows rows;
  auto statement = reader.database().prepare(queries::sections);
  while (statement.step()) {
    SectionRow row = read_row(statement);
    rows.emplace(row.id, std::move(row));
  }
  return rows;
}

// Ids rise inwards, so that the outer ones are named first and summed up last.
void name_paths(SectionRows& rows) {
  for (auto& [id, row] : rows) {
    const auto parent = rows.find(row.parent);
    const bool nested = parent != rows.end() && row.parent < id;
    row.path = nested ? parent->second.path + "/" + row.name : row.name;
    row.depth = nested ? parent->second.depth + 1 : 0;
    if (!nested) row.parent = 0;
  }
}

void sum_up(SectionRows& rows) {
  for (auto& [id, row] : rows) row.gross = row.net;
  for (auto entry = rows.rbegin(); entry != rows.rend(); ++entry) {
    const SectionRow& row = entry->second;
    if (row.parent != 0) rows.at(row.parent).gross += row.gross;
  }
}

void append_within(std::int64_t parent,
                   const std::map<std::int64_t, std::vector<std::int64_t>>& within,
                   const SectionRows& rows, std::vector<SectionRow>& sorted) {
  const auto members = within.find(parent);
  if (members == within.end()) return;
  for (const std::int64_t id : members->second) {
    sorted.push_back(rows.at(id));
    append_within(id, within, rows, sorted);
  }
}

std::vector<SectionRow> sorted(const SectionRows& rows) {
  std::map<std::int64_t, std::vector<std::int64_t>> within;
  for (const auto& [id, row] : rows) within[row.parent].push_back(id);
  for (auto& [parent, members] : within) {
    std::stable_sort(members.begin(), members.end(), [&](std::int64_t left, std::int64_t right) {
      return rows.at(left).gross.bytes.value > rows.at(right).gross.bytes.value;
    });
  }
  std::vector<SectionRow> result;
  append_within(0, within, rows, result);
  return result;
}

}  // namespace

SectionSums& SectionSums::operator+=(const SectionSums& more) {
  allocations.value += more.allocations.value;
  bytes.value += more.bytes.value;
  frees.value += more.frees.value;
  freed_bytes.value += more.freed_bytes.value;
  temporary.value += more.temporary.value;
  peak_bytes.value += more.peak_bytes.value;
  return *this;
}

void arrange(SectionsReport& report, SectionRows rows) {
  name_paths(rows);
  for (const auto& [id, row] : rows) report.all += row.net;
  sum_up(rows);
  report.rows = sorted(rows);
}

bool has_sections(model::CaptureReader& reader) {
  return model::has_sections(reader) &&
         reader.database().integer("SELECT EXISTS (SELECT 1 FROM section)") != 0;
}

SectionsReport collect_sections(model::CaptureReader& reader, const std::string& thread) {
  SectionsReport report;
  report.by_thread = !thread.empty();
  report.estimated = reader.sample_mean().has_value();
  report.run_bytes = reader.totals().allocated_bytes;
  if (!model::has_sections(reader)) return report;
  model::select_threads(reader, thread);
  arrange(report, read_rows(reader));
  return report;
}

}  // namespace heapscribe::reports
