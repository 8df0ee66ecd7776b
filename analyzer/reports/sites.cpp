#include "analyzer/reports/sites.h"

#include "analyzer/model/selection.h"
#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

// From here on reading whole tables is cheaper than looking up single rows.
constexpr std::int64_t kManySites = 2000;

SiteRow read_site(model::CaptureReader& reader, const capture::Statement& row) {
  SiteRow site;
  site.id.value = row.integer(0);
  site.kind = row.text(2);
  site.measures.allocations.value = row.integer(5);
  site.measures.bytes.value = row.integer(6);
  site.measures.live_blocks.value = row.integer(7);
  site.measures.live_bytes.value = row.integer(8);
  site.measures.peak_bytes.value = row.integer(9);
  site.measures.temporary.value = row.integer(10);
  site.frees.value = row.integer(11);
  site.freed_bytes.value = row.integer(12);
  site.peak_blocks.value = row.integer(13);
  site.reallocations.value = row.integer(14);
  if (reader.knows_rounding()) site.usable_bytes.value = row.integer(15);
  site.min_size.value = row.integer(16);
  site.max_size.value = row.integer(17);
  site.first_seen.value = row.integer(18);
  site.measures.variances = {row.real(19), row.real(20), row.real(21), row.real(22)};
  site.stack = model::site_stack(reader.stacks(), reader.frames(), model::StackId{row.integer(1)},
                                 model::AddressId{row.integer(3)}, row.integer(4));
  return site;
}

void read_sums(capture::Database& database, const SitesOptions& options, std::int64_t scope,
               SitesReport& report) {
  auto sums = database.prepare(queries::site_sums);
  sums.bind_all(static_cast<std::int64_t>(options.by), scope);
  sums.step();
  report.sites.value = sums.integer(0);
  report.sums = {{sums.integer(1)}, {sums.integer(2)}, {sums.integer(3)},
                 {sums.integer(4)}, {sums.integer(5)}, {sums.integer(6)}};
}

}  // namespace

model::Bytes SiteRow::mean_size() const {
  const std::int64_t calls = measures.allocations.value;
  return {calls == 0 ? 0 : measures.bytes.value / calls};
}

SitesReport collect_sites(model::CaptureReader& reader, const SitesOptions& options) {
  SitesReport report;
  report.by = options.by;
  report.run = model::measures_of_all(reader);
  const std::int64_t scope = options.scope == SiteScope::WithMeasure ? 1 : 0;
  read_sums(reader.database(), options, scope, report);
  const std::int64_t limit = options.limit.value_or(-1);
  if ((limit < 0 || limit > kManySites) && report.sites.value > kManySites) {
    reader.frames().load_all();
    reader.stacks().load_all();
  }
  auto rows = reader.database().prepare(queries::sites);
  rows.bind_all(static_cast<std::int64_t>(options.by), scope, limit);
  while (rows.step()) report.rows.push_back(read_site(reader, rows));
  return report;
}

}  // namespace heapscribe::reports
