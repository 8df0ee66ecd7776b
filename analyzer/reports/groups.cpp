#include "analyzer/reports/groups.h"

#include <algorithm>
#include <unordered_map>

#include "analyzer/model/selection.h"
#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

std::string group_name(const model::Frame& blamed, GroupBy group) {
  switch (group) {
    case GroupBy::Function:
      return blamed.function;
    case GroupBy::File:
      return blamed.file.empty() ? "(source file unknown)" : blamed.file;
    case GroupBy::Module:
      return blamed.module.empty() ? "(no module)" : blamed.module;
  }
  return {};
}

model::Measures read_measures(const capture::Statement& row) {
  return {{row.integer(4)},
          {row.integer(5)},
          {row.integer(6)},
          {row.integer(7)},
          {row.integer(8)},
          {row.integer(9)},
          {row.real(10), row.real(11), row.real(12), row.real(13)}};
}

void keep_largest(GroupsReport& report, std::optional<std::int64_t> limit) {
  const auto larger = [&](const GroupRow& a, const GroupRow& b) {
    const std::int64_t x = value_of(a.measures, report.by);
    const std::int64_t y = value_of(b.measures, report.by);
    return x != y ? x > y : a.name < b.name;
  };
  std::sort(report.rows.begin(), report.rows.end(), larger);
  if (limit && *limit < static_cast<std::int64_t>(report.rows.size())) {
    report.rows.resize(static_cast<std::size_t>(*limit));
  }
}

}  // namespace

GroupsReport group_sites(model::CaptureReader& reader, GroupBy group, model::Measure by,
                         std::optional<std::int64_t> limit) {
  GroupsReport report{by, group, {}, {}, model::measures_of_all(reader), {}};
  reader.frames().load_all();
  std::unordered_map<std::string, std::size_t> index;
  auto sites = reader.database().prepare(queries::site_measures);
  while (sites.step()) {
    const model::Frame& blamed =
        model::blamed_frame(reader.stacks(), reader.frames(), model::StackId{sites.integer(1)},
                            model::AddressId{sites.integer(2)}, sites.integer(3));
    const auto [entry, is_new] = index.try_emplace(group_name(blamed, group), report.rows.size());
    if (is_new) report.rows.push_back({entry->first, blamed.file, blamed.module, {}, {}});
    GroupRow& row = report.rows[entry->second];
    const model::Measures measures = read_measures(sites);
    row.measures += measures;
    row.sites += model::Count{1};
    report.sums += measures;
  }
  report.groups.value = static_cast<std::int64_t>(report.rows.size());
  keep_largest(report, limit);
  return report;
}

}  // namespace heapscribe::reports
