#include "analyzer/reports/releases.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

using model::AddressId;
using model::Frame;
using model::StackId;

struct Place {
  StackId stack;
  AddressId address;
  std::int64_t depth = 0;
};

struct Part {
  model::SiteId site;
  Place allocated, released;
  model::Count frees;
  model::Bytes bytes;
};

Part read_part(const capture::Statement& row) {
  return {.site = {row.integer(0)},
          .allocated = {{row.integer(1)}, {row.integer(2)}, row.integer(3)},
          .released = {{row.integer(4)}, {row.integer(5)}, row.integer(6)},
          .frees = {row.integer(7)},
          .bytes = {row.integer(8)}};
}

const Frame& blamed(model::CaptureReader& reader, const Place& place) {
  return model::blamed_frame(reader.stacks(), reader.frames(), place.stack, place.address,
                             place.depth);
}

model::SiteStack whole_stack(model::CaptureReader& reader, const Place& place) {
  return model::site_stack(reader.stacks(), reader.frames(), place.stack, place.address,
                           place.depth);
}

struct Sum {
  const Frame* allocated = nullptr;
  const Frame* released = nullptr;
  std::set<std::int64_t> sites;
  model::Count frees;
  model::Bytes bytes;
  Part largest;  // the first one: parts come largest first
};

// Functions of one name in two modules are two.
using FunctionName = std::pair<std::string_view, std::string_view>;
using Key = std::tuple<FunctionName, FunctionName, std::int64_t, std::int64_t>;

FunctionName name_of(const Frame& frame) {
  return {frame.function, frame.module};
}

Key key_of(const Part& part, const Frame& allocated, const Frame& released, PairBy pair_by) {
  if (pair_by == PairBy::Stacks)
    return {{}, {}, part.allocated.stack.value, part.released.stack.value};
  return {name_of(allocated), name_of(released), 0, 0};
}

void read_sums(model::CaptureReader& reader, ReleasesReport& report) {
  auto sums = reader.database().prepare(queries::frees_of_selected);
  sums.step();
  report.frees.value = sums.integer(0);
  report.bytes.value = sums.integer(1);
}

std::map<Key, Sum> add_up(model::CaptureReader& reader, ReleasesReport& report) {
  std::map<Key, Sum> sums;
  reader.frames().load_all();
  reader.stacks().load_all();
  auto rows = reader.database().prepare(queries::releases);
  rows.bind_all(std::int64_t{report.by_count ? 1 : 0});
  while (rows.step()) {
    const Part part = read_part(rows);
    const Frame& allocated = blamed(reader, part.allocated);
    const Frame& released = blamed(reader, part.released);
    report.known_frees += part.frees;
    report.known_bytes += part.bytes;
    if (name_of(allocated) == name_of(released)) report.bytes_at_home += part.bytes;
    const auto [entry, is_new] =
        sums.try_emplace(key_of(part, allocated, released, report.pair_by));
    Sum& sum = entry->second;
    if (is_new) {
      sum.allocated = &allocated;
      sum.released = &released;
      sum.largest = part;
    }
    sum.sites.insert(part.site.value);
    sum.frees += part.frees;
    sum.bytes += part.bytes;
  }
  return sums;
}

ReleasePair pair_of(model::CaptureReader& reader, const Sum& sum) {
  return {.allocated = sum.allocated,
          .released = sum.released,
          .sites = {static_cast<std::int64_t>(sum.sites.size())},
          .frees = sum.frees,
          .bytes = sum.bytes,
          .site = sum.largest.site,
          .allocating_stack = whole_stack(reader, sum.largest.allocated),
          .releasing_stack = whole_stack(reader, sum.largest.released)};
}

}  // namespace

bool has_releases(const model::CaptureReader& reader) {
  return reader.integer("free_stacks").value_or(0) != 0;
}

ReleasesReport find_releases(model::CaptureReader& reader, PairBy pair_by, bool by_count,
                             std::optional<std::int64_t> limit) {
  ReleasesReport report;
  report.recorded = has_releases(reader);
  report.by_count = by_count;
  report.pair_by = pair_by;
  if (!report.recorded) return report;
  read_sums(reader, report);
  const std::map<Key, Sum> sums = add_up(reader, report);
  report.pairs.value = static_cast<std::int64_t>(sums.size());
  std::vector<const Sum*> order;
  order.reserve(sums.size());
  for (const auto& [key, sum] : sums) order.push_back(&sum);
  const auto weight = [&](const Sum* sum) {
    return by_count ? sum->frees.value : sum->bytes.value;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](const Sum* left, const Sum* right) { return weight(left) > weight(right); });
  for (const Sum* sum : order) {
    if (limit && static_cast<std::int64_t>(report.rows.size()) >= *limit) break;
    report.rows.push_back(pair_of(reader, *sum));
  }
  return report;
}

}  // namespace heapscribe::reports
