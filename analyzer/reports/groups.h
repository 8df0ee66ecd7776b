// Sites added up by the function, source file or module to blame.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::reports {

enum class GroupBy { Function, File, Module };

struct GroupRow {
  std::string name;
  std::string file;    // of the first site seen; empty when grouped by module
  std::string module;  // of the first site seen
  model::Count sites;
  model::Measures measures;
};

struct GroupsReport {
  model::Measure by = model::Measure::Allocated;
  GroupBy group = GroupBy::Function;
  model::Count groups;         // all, shown or not
  model::Measures sums;        // of all groups
  model::Measures run;         // of the whole run
  std::vector<GroupRow> rows;  // by measure, largest first; groups where it is 0 come last
};

// model::select_sites() must have been called. No limit = all.
GroupsReport group_sites(model::CaptureReader& reader, GroupBy group, model::Measure by,
                         std::optional<std::int64_t> limit);

}  // namespace heapscribe::reports
