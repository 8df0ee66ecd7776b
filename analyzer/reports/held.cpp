#include "analyzer/reports/held.h"

#include <algorithm>

#include "analyzer/model/site_series.h"
#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

struct Draft {
  model::SiteId site;
  std::string kind;
  model::StackId stack;
  model::AddressId blame_address;
  std::int64_t blame_depth = 0, first_ns = 0;
  model::Held held;
};

std::vector<Draft> read_sites(model::CaptureReader& reader, const model::Moment& moment) {
  const auto held = model::held_at(reader, moment);
  std::vector<Draft> found;
  auto rows = reader.database().prepare(queries::held_sites);
  while (rows.step()) {
    const auto entry = held.find(model::SiteId{rows.integer(0)});
    if (entry == held.end() || entry->second.live_blocks.value <= 0) continue;
    found.push_back({{rows.integer(0)},
                     rows.text(1),
                     {rows.integer(2)},
                     {rows.integer(3)},
                     rows.integer(4),
                     rows.integer(5),
                     entry->second});
  }
  std::sort(found.begin(), found.end(), [](const Draft& left, const Draft& right) {
    if (left.held.live_bytes == right.held.live_bytes) return left.site.value < right.site.value;
    return left.held.live_bytes > right.held.live_bytes;
  });
  return found;
}

}  // namespace

HeldReport find_held(model::CaptureReader& reader, const model::Moment& moment,
                     std::optional<std::int64_t> limit) {
  HeldReport report;
  report.moment = moment;
  const std::vector<Draft> found = read_sites(reader, moment);
  report.sites = found.size();
  const model::SiteSeries series(reader);
  for (const Draft& draft : found) {
    report.sum += draft.held;
    if (limit && static_cast<std::int64_t>(report.rows.size()) >= *limit) continue;
    report.rows.push_back({draft.site, draft.kind, draft.held,
                           model::ages_at(moment.at, series.of(draft.site), draft.first_ns),
                           model::site_stack(reader.stacks(), reader.frames(), draft.stack,
                                             draft.blame_address, draft.blame_depth)});
  }
  return report;
}

}  // namespace heapscribe::reports
