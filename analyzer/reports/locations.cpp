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
  location.measures += model::Measures{{row.integer(3)}, {row.integer(4)}, {row.integer(5)},
                                       {row.integer(6)}, {row.integer(7)}, {row.integer(8)}};
  location.peak_blocks += model::Count{row.integer(9)};
  location.reallocations += model::Count{row.integer(10)};
  location.usable_bytes += model::Bytes{row.integer(11)};
}

// Before symbols are stored that is the innermost one.
model::AddressId address_to_blame(model::CaptureReader& reader, const capture::Statement& row) {
  const model::AddressId stored{row.integer(1)};
  return stored.exists() ? stored : reader.stacks().at(model::StackId{row.integer(0)}).address;
}

}  // namespace

std::vector<Location> find_locations(model::CaptureReader& reader) {
  std::vector<Location> locations;
  std::unordered_map<std::int64_t, std::size_t> index;
  auto rows = reader.database().prepare(queries::locations);
  while (rows.step()) {
    const std::int64_t address = address_to_blame(reader, rows).value;
    const std::int64_t depth = rows.integer(2);
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
