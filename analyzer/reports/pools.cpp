#include "analyzer/reports/pools.h"

#include <algorithm>

#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

constexpr double kManyForeign = 0.01;
constexpr double kManyRefills = 0.05;
constexpr double kMuchSlack = 0.08;

// Recordings of earlier versions have no such tables.
bool has_pool_tables(capture::Database& database) {
  return database.integer("SELECT count(*) FROM sqlite_master WHERE name = 'pool_class'") != 0;
}

std::vector<PoolClass> read_classes(capture::Database& database) {
  std::vector<PoolClass> classes;
  auto rows = database.prepare(queries::pool_classes);
  while (rows.step()) {
    classes.push_back({{rows.integer(0)},
                       {rows.integer(1)},
                       {rows.integer(2)},
                       {rows.integer(3)},
                       {rows.integer(4)},
                       {rows.integer(5)},
                       {rows.integer(6)},
                       {rows.integer(7)},
                       {rows.integer(8)},
                       {rows.integer(9)},
                       {rows.integer(10)},
                       {rows.integer(11)},
                       {rows.integer(12)}});
  }
  return classes;
}

struct Step {
  std::int64_t upper_ns;
  std::int64_t allocations;
};

// Where the sample's share ends.
model::Nanoseconds percentile(const std::vector<Step>& steps, std::int64_t all, double share) {
  std::int64_t seen = 0;
  for (const Step& step : steps) {
    seen += step.allocations;
    if (static_cast<double>(seen) >= share * static_cast<double>(all)) return {step.upper_ns};
  }
  return {};
}

std::optional<PoolTimes> read_times(model::CaptureReader& reader) {
  std::vector<Step> steps;
  std::int64_t all = 0;
  auto rows = reader.database().prepare(queries::pool_times);
  while (rows.step()) {
    steps.push_back({rows.integer(0), rows.integer(1)});
    all += steps.back().allocations;
  }
  const std::int64_t total = reader.integer("pool_timed_ns").value_or(0);
  if (all == 0 || total == 0) return std::nullopt;
  return PoolTimes{{all}, {total / all}, percentile(steps, all, 0.5), percentile(steps, all, 0.99)};
}

model::Bytes bytes(const model::CaptureReader& reader, std::string_view key) {
  return {reader.integer(key).value_or(0)};
}

// The class with most of what `amount` says.
template <typename Amount>
PoolClass most(const std::vector<PoolClass>& classes, Amount amount) {
  const auto found = std::max_element(
      classes.begin(), classes.end(),
      [&](const PoolClass& a, const PoolClass& b) { return amount(a) < amount(b); });
  return found == classes.end() ? PoolClass{} : *found;
}

}  // namespace

PoolClass& PoolClass::operator+=(const PoolClass& other) {
  allocations += other.allocations;
  requested += other.requested;
  served += other.served;
  refills += other.refills;
  spills += other.spills;
  created += other.created;
  received += other.received;
  given += other.given;
  blocks += other.blocks;
  slabs += other.slabs;
  return *this;
}

bool has_pools(model::CaptureReader& reader) {
  return reader.text("allocator") == "pool" && has_pool_tables(reader.database());
}

PoolsReport collect_pools(model::CaptureReader& reader) {
  PoolsReport report;
  report.allocator = reader.text("allocator");
  report.used = has_pools(reader);
  if (!report.used) return report;
  report.classes = read_classes(reader.database());
  for (const PoolClass& size : report.classes) report.all += size;
  report.foreign = {reader.integer("pool_foreign_allocations").value_or(0)};
  report.heaps = {reader.integer("pool_heaps").value_or(0)};
  report.held = bytes(reader, "pool_held_bytes");
  report.peak_held = bytes(reader, "pool_peak_held_bytes");
  report.kept = bytes(reader, "pool_kept_bytes");
  report.returned = bytes(reader, "pool_returned_bytes");
  report.metadata = bytes(reader, "pool_metadata_bytes");
  report.times = read_times(reader);
  return report;
}

// In small programs the first block of every class would outweigh all the rest.
PoolAdvice advise(const PoolsReport& report) {
  constexpr std::int64_t kEnough = 10'000;
  const model::Count all = report.all.allocations + report.foreign;
  if (const double share = model::share(report.foreign, all); share > kManyForeign) {
    return {PoolVerdict::Exhausted, share, {}};
  }
  if (all.value < kEnough) return {};
  PoolClass small;
  for (const PoolClass& size : report.classes) {
    if (size.block.value != 0) small += size;
  }
  if (const double share = model::share(small.refills, small.allocations); share > kManyRefills) {
    return {PoolVerdict::ListsRunEmpty, share, most(report.classes, [](const PoolClass& size) {
              return size.block.value == 0 ? 0 : size.refills.value;
            })};
  }
  if (const double share = model::share(report.all.slack(), report.all.served);
      share > kMuchSlack) {
    return {PoolVerdict::RoundingCosts, share,
            most(report.classes, [](const PoolClass& size) { return size.slack().value; })};
  }
  return {};
}

}  // namespace heapscribe::reports
