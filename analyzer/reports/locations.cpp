#include "analyzer/reports/locations.h"

#include <algorithm>
#include <unordered_map>

#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

// Inlined calls are few levels deep, so address and depth fit into one number.
std::int64_t key_of(std::int64_t address, std::int64_t depth) {
  return address * 256 + depth % 256;
}

void add(Location& location, const capture::Statement& row) {
  location.sites += model::Count{1};
  location.measures += model::Measures{{row.integer(2)}, {row.integer(3)}, {row.integer(4)},
                                       {row.integer(5)}, {row.integer(6)}, {row.integer(7)}};
  location.peak_blocks += model::Count{row.integer(8)};
  location.reallocations += model::Count{row.integer(9)};
  location.usable_bytes += model::Bytes{row.integer(10)};
}

}  // namespace

std::vector<Location> find_locations(model::CaptureReader& reader) {
  std::vector<Location> locations;
  std::unordered_map<std::int64_t, std::size_t> index;
  auto rows = reader.database().prepare(queries::locations);
  while (rows.step()) {
    const std::int64_t address = rows.integer(0);
    const std::int64_t depth = rows.integer(1);
    const auto [entry, is_new] = index.try_emplace(key_of(address, depth), locations.size());
    if (is_new) locations.push_back({model::AddressId{address}, depth, {}, {}, {}, {}, {}});
    add(locations[entry->second], rows);
  }
  return locations;
}

const model::Frame& frame_of(model::CaptureReader& reader, const Location& location) {
  if (!location.address.exists()) return model::unrecorded_frame();
  const auto& frames = reader.frames().at(location.address);
  return frames[std::min(static_cast<std::size_t>(location.depth), frames.size() - 1)];
}

}  // namespace heapscribe::reports
