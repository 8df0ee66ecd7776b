#include "preload/collector/pool_reader.h"

#include <array>
#include <cmath>

#include "preload/capture/numbers.h"
#include "preload/collector/tick_scale.h"

namespace heapscribe::collector {
namespace {

using capture::integer;

std::int64_t to_ns(std::uint64_t ticks, double scale) {
  return std::llround(static_cast<double>(ticks) * scale);
}

capture::PoolClassRow sum_of_class(const wire::PoolRecord& record,
                                   const std::vector<const wire::PoolThread*>& threads,
                                   std::size_t size_class) {
  const wire::PoolSizeClass& common = record.classes[size_class];
  capture::PoolClassRow row;
  row.block_bytes = common.block_bytes;
  row.blocks = load(common.blocks);
  row.peak_blocks = load(common.peak_blocks);
  row.slabs = load(common.slabs);
  row.slab_bytes = common.slab_bytes;
  for (const wire::PoolThread* thread : threads) {
    const wire::PoolClass& counters = thread->classes[size_class];
    row.allocations += load(counters.allocations);
    row.requested_bytes += load(counters.requested_bytes);
    row.served_bytes += size_class == 0 ? load(counters.served_bytes)
                                        : load(counters.allocations) * common.block_bytes;
    row.refills += load(counters.refills);
    row.spills += load(counters.spills);
    row.created += load(counters.created);
    row.received += load(counters.received);
    row.given += load(counters.given);
  }
  return row;
}

}  // namespace

void set_pool_totals(const SessionView& view, capture::CaptureWriter& writer) {
  const wire::PoolRecord* record = view.pool();
  if (record == nullptr) return;
  std::uint64_t timed = 0;
  std::uint64_t ticks = 0;
  for (const wire::PoolThread* thread : view.pool_threads()) {
    timed += load(thread->timed_allocations);
    ticks += load(thread->timed_ticks);
  }
  writer.set_recording("allocator", "pool");
  writer.set_recording("pool_held_bytes", load(record->held_bytes));
  writer.set_recording("pool_peak_held_bytes", load(record->peak_held_bytes));
  writer.set_recording("pool_kept_bytes", load(record->kept_bytes));
  writer.set_recording("pool_returned_bytes", integer(load(record->returned_bytes)));
  writer.set_recording("pool_metadata_bytes", integer(load(record->metadata_bytes)));
  writer.set_recording("pool_foreign_allocations", integer(load(record->foreign_allocations)));
  writer.set_recording("pool_heaps", std::int64_t{record->heaps.load(std::memory_order_relaxed)});
  writer.set_recording("pool_timed_allocations", integer(timed));
  writer.set_recording("pool_timed_ns", to_ns(ticks, nanoseconds_per_tick(record->tick_start,
                                                                          record->tick_start_ns)));
}

void write_pool_tables(const SessionView& view, capture::CaptureWriter& writer) {
  const wire::PoolRecord* record = view.pool();
  if (record == nullptr) return;
  const std::vector<const wire::PoolThread*> threads = view.pool_threads();
  std::vector<capture::PoolClassRow> classes;
  for (std::size_t c = 0; c < wire::kPoolClasses; ++c) {
    capture::PoolClassRow row = sum_of_class(*record, threads, c);
    if (row.allocations != 0) classes.push_back(row);
  }
  const double scale = nanoseconds_per_tick(record->tick_start, record->tick_start_ns);
  std::vector<capture::PoolTimeRow> times;
  for (std::size_t bucket = 0; bucket < wire::kTimeBuckets; ++bucket) {
    std::uint64_t allocations = 0;
    for (const wire::PoolThread* thread : threads) allocations += load(thread->times[bucket]);
    if (allocations == 0) continue;
    times.push_back({.lower_ticks = wire::time_bucket_lower(bucket),
                     .upper_ns = to_ns(wire::time_bucket_lower(bucket + 1), scale),
                     .allocations = allocations});
  }
  writer.write_pool(classes, times);
}

}  // namespace heapscribe::collector
