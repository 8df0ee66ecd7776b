#include "preload/collector/counter_reader.h"

#include <algorithm>
#include <map>
#include <utility>

namespace heapscribe::collector {
namespace {

using capture::Counters;
using capture::ThreadId;

constexpr std::uint64_t kSecond = 1'000'000'000;
// How long an address may wait for its module to be listed.
constexpr std::uint64_t kModulePatience = 2 * kSecond;
constexpr std::uint64_t kNameInterval = kSecond;

Counters read(const wire::CounterTable& table) {
  return {load(table.allocations),
          load(table.allocated_bytes),
          load(table.frees),
          load(table.freed_bytes),
          load(table.temporary),
          load(table.reallocations),
          0};
}

Counters read(const wire::SiteRow& row) {
  return {load(row.allocations), load(row.allocated_bytes), load(row.frees),
          load(row.freed_bytes), load(row.temporary),       load(row.reallocations),
          load(row.usable_bytes)};
}

bool moved(const wire::SiteRow& row, const Counters& seen) {
  return load(row.allocations) != seen.allocations || load(row.frees) != seen.frees;
}

bool changed(const wire::SiteRow& row, const Counters& seen, Depth depth) {
  return depth == Depth::Changes ? moved(row, seen) : read(row) != seen;
}

std::int64_t at_least_zero(std::uint64_t value) {
  return std::max<std::int64_t>(static_cast<std::int64_t>(value), 0);
}

template <std::size_t Size>
void add(std::array<std::uint64_t, Size>& sums,
         const std::atomic<std::uint64_t> (&counters)[Size]) {
  for (std::size_t index = 0; index < Size; ++index) sums[index] += load(counters[index]);
}

}  // namespace

void CounterReader::scan(std::uint64_t now_ns, Depth depth, ThreadWatch& watch) {
  refresh();
  resolver_.refresh_modules();
  dead_.clear();
  for (Table& table : tables_) scan_table(table, now_ns, depth, watch);
}

void CounterReader::refresh() {
  find_threads();
  find_tables();
}

void CounterReader::find_threads() {
  const RefList fresh = view_.threads(newest_thread_);
  for (const wire::Ref ref : fresh.refs) {
    const wire::ThreadRecord* record = view_.thread(ref);
    const auto [entry, unknown] = threads_.try_emplace(
        ref, Thread{.id = record->number, .tid = record->tid, .table = record->table});
    if (!unknown) continue;
    writer_.thread_started(record->number, record->tid, record->start_ns);
    note_youngest(ref, entry->second);
  }
  if (fresh.complete && !fresh.refs.empty()) newest_thread_ = fresh.refs.front();
}

// Of two threads with one id the elder is dead.
void CounterReader::note_youngest(wire::Ref ref, Thread& thread) {
  const auto [entry, only] = thread_of_tid_.try_emplace(thread.tid, ref);
  if (only) return;
  Thread& other = threads_.at(entry->second);
  if (other.id > thread.id) {
    thread.superseded = true;
  } else {
    other.superseded = true;
    entry->second = ref;
  }
}

void CounterReader::find_tables() {
  const RefList fresh = view_.tables(newest_table_);
  for (const wire::Ref ref : fresh.refs) {
    if (known_tables_.insert(ref).second) tables_.emplace_back().ref = ref;
  }
  if (fresh.complete && !fresh.refs.empty()) newest_table_ = fresh.refs.front();
}

// Blocks do not overlap, so all of them together have no more rows than the session has space for.
void CounterReader::find_blocks(Table& table) {
  const wire::Ref newest = view_.table(table.ref)->blocks.load(std::memory_order_acquire);
  if (newest == table.newest_block || view_.rows(newest).empty()) return;  // not readable yet
  for (const wire::Ref ref : view_.blocks(newest, table.newest_block).refs) {
    const std::size_t rows = view_.rows(ref).size();
    if ((known_rows_ + rows) * sizeof(wire::SiteRow) > view_.readable()) continue;
    if (!known_blocks_.insert(ref).second) continue;
    known_rows_ += rows;
    table.blocks.push_back({.ref = ref, .rows = std::vector<Row>(rows)});
  }
  table.newest_block = newest;
}

// nullptr while a table changes hands: its next owner has not signed, or is not in the list yet.
CounterReader::Thread* CounterReader::owner_of(Table& table, const wire::CounterTable& shared) {
  if (shared.state.load(std::memory_order_acquire) == wire::TableState::Claimed) return nullptr;
  const wire::Ref ref = shared.owner.load(std::memory_order_relaxed);
  const auto owner = threads_.find(ref);
  if (owner == threads_.end() || ref == table.released_owner) return nullptr;
  table.released_owner = wire::kNoRef;
  table.owner = ref;
  return &owner->second;
}

void CounterReader::scan_table(Table& table, std::uint64_t now_ns, Depth depth,
                               ThreadWatch& watch) {
  const wire::CounterTable& shared = *view_.table(table.ref);
  Thread* owner = owner_of(table, shared);
  const bool last = depth == Depth::Complete;
  if (owner == nullptr && !last) return;

  // Asked before reading: what a dead thread left is final.
  const bool dead = !last && (owner->superseded || !watch.alive(owner->tid));
  const Counters now = read(shared);
  const bool quiet = now == table.seen;
  if (!quiet && owner != nullptr) {
    writer_.add_to_thread(owner->id, now - table.seen);
    keep_name(*owner, now_ns, watch);
  }
  table.seen = now;
  // A row may be one event behind its table, so a table gets one more look after its last change.
  table.quiet_scans = quiet ? table.quiet_scans + 1 : 0;
  if (last || dead || table.quiet_scans < 2 || table.unresolved > 0) {
    find_blocks(table);
    read_rows(table, {.owner = owner != nullptr ? owner->id : 0,
                      .now_ns = now_ns,
                      .depth = dead ? Depth::Complete : depth,
                      .patience = last ? Patience::Over : Patience::Left});
  }
  if (!dead || table.unresolved > 0) return;
  writer_.thread_ended(owner->id, now_ns);
  dead_.push_back(static_cast<std::size_t>(&table - tables_.data()));
}

void CounterReader::read_rows(Table& table, const Reading& reading) {
  new_rows_.clear();
  for (Block& block : table.blocks) {
    const std::span<const wire::SiteRow> shared = view_.rows(block.ref);
    const std::size_t count = std::min(shared.size(), block.rows.size());
    for (std::size_t index = 0; index < count; ++index) {
      const wire::SiteRow& source = shared[index];
      Row& row = block.rows[index];
      if (source.key.load(std::memory_order_acquire) == 0) continue;
      if (!changed(source, row.seen, reading.depth)) continue;
      if (row.site != 0) {
        read_row(row, source, reading);
      } else if (const wire::CallKind kind = source.kind; !capture::kind_text(kind).empty()) {
        new_rows_.push_back({source.stack, kind, load(source.first_ns), &row, &source});
      }
    }
  }
  read_new_rows(table, reading);
  if (view_.is_sampled()) read_all_variances(table);
}

// In the order in which their stacks were written: a stack has most in common with the one before.
void CounterReader::read_new_rows(Table& table, const Reading& reading) {
  table.unresolved = 0;
  writer_.expect_sites(new_rows_.size());
  std::sort(new_rows_.begin(), new_rows_.end(),
            [](const NewRow& left, const NewRow& right) { return left.stack < right.stack; });
  for (std::size_t index = 0; index < new_rows_.size(); ++index) {
    const NewRow& fresh = new_rows_[index];
    fetch_ahead(index);
    if (resolve(fresh, reading)) {
      read_row(*fresh.row, *fresh.shared, reading);
    } else {
      ++table.unresolved;
    }
  }
}

// In that order the rows are all over the place.
void CounterReader::fetch_ahead(std::size_t index) const {
  constexpr std::size_t kAhead = 16;
  if (index + kAhead >= new_rows_.size()) return;
  const auto* next = reinterpret_cast<const char*>(new_rows_[index + kAhead].shared);
  constexpr std::size_t kLine = 64;
  for (std::size_t at = 0; at < sizeof(wire::SiteRow); at += kLine) __builtin_prefetch(next + at);
  __builtin_prefetch(new_rows_[index + kAhead].row, 1);
}

void CounterReader::read_row(Row& row, const wire::SiteRow& shared, const Reading& reading) {
  const Counters now = read(shared);
  const Counters more = now - row.seen;
  row.seen = now;
  const auto kind = static_cast<std::size_t>(row.kind);
  from_rows_.kind_allocations[kind] += more.allocations;
  from_rows_.kind_bytes[kind] += more.bytes;
  from_rows_.counters.usable_bytes += more.usable_bytes;
  rows_sum_ += more;
  writer_.add_to_site(row.site, reading.owner, more,
                      {shared.smallest_request(), shared.largest_request()});
  if (row.section != 0) writer_.sections().add({row.section, row.site, reading.owner}, more);
  series_.note(row.site);
}

// Also of rows that did not move: a row's variances may be one event behind.
void CounterReader::read_all_variances(Table& table) {
  for (Block& block : table.blocks) {
    const std::span<const wire::SiteRow> shared = view_.rows(block.ref);
    const wire::SampleRow* samples = view_.samples(shared);
    if (samples == nullptr) continue;
    const std::size_t count = std::min(shared.size(), block.rows.size());
    for (std::size_t index = 0; index < count; ++index)
      read_variances(block, index, samples[index]);
  }
}

void CounterReader::read_variances(Block& block, std::size_t index, const wire::SampleRow& shared) {
  const capture::SiteId site = block.rows[index].site;
  if (site == 0) return;
  block.variances.resize(block.rows.size());
  const auto value = [](const std::atomic<double>& sum) {
    return sum.load(std::memory_order_relaxed);
  };
  const capture::Variances now{value(shared.allocations_variance), value(shared.bytes_variance),
                               value(shared.allocations_variance) - value(shared.frees_variance),
                               value(shared.bytes_variance) - value(shared.freed_bytes_variance)};
  const capture::Variances seen = std::exchange(block.variances[index], now);
  if (now == seen) return;
  writer_.add_to_site(
      site,
      capture::Variances{now.allocations - seen.allocations, now.bytes - seen.bytes,
                         now.live_blocks - seen.live_blocks, now.live_bytes - seen.live_bytes});
}

bool CounterReader::resolve(const NewRow& fresh, const Reading& reading) {
  const bool waited =
      reading.now_ns > fresh.first_ns && reading.now_ns - fresh.first_ns > kModulePatience;
  const auto stack = resolver_.resolve(fresh.stack, waited ? Patience::Over : reading.patience);
  if (!stack) return false;
  fresh.row->kind = fresh.kind;
  const std::uint16_t section = fresh.shared->section;
  fresh.row->section = section <= wire::kMostSections ? section : 0;
  fresh.row->site = writer_.site(*stack, fresh.kind, fresh.first_ns);
  return true;
}

std::optional<capture::SiteId> CounterReader::site_of(wire::Ref ref, Patience patience) {
  const wire::SiteRow* row = view_.row(ref);
  if (row == nullptr || row->key.load(std::memory_order_acquire) == 0) return std::nullopt;
  const wire::CallKind kind = row->kind;
  if (capture::kind_text(kind).empty()) return std::nullopt;
  const std::uint64_t first_ns = load(row->first_ns);
  const bool waited = load(view_.header().now_ns) > first_ns + kModulePatience;
  const auto stack = resolver_.resolve(row->stack, waited ? Patience::Over : patience);
  if (!stack) return std::nullopt;
  return writer_.site(*stack, kind, first_ns);
}

void CounterReader::keep_name(Thread& thread, std::uint64_t now_ns, ThreadWatch& watch) {
  if (now_ns < thread.next_name_ns) return;
  thread.next_name_ns = now_ns + kNameInterval;
  const std::string name = watch.name(thread.tid);
  if (!name.empty()) writer_.thread_named(thread.id, name);
}

void CounterReader::release_dead(
    const std::function<void(wire::Ref table, wire::Ref owner)>& release) {
  for (const std::size_t index : dead_) {
    Table& table = tables_[index];
    table.released_owner = table.owner;
    release(table.ref, table.owner);
  }
  dead_.clear();
}

Counters CounterReader::counters() const {
  Counters sum;
  for (const Table& table : tables_) sum += read(*view_.table(table.ref));
  return sum;
}

Counters CounterReader::sampled_counters(std::int64_t live_bytes) const {
  Counters sum = counters();
  sum.freed_bytes = sum.bytes - static_cast<std::uint64_t>(live_bytes);
  return sum;
}

ProcessTotals CounterReader::totals() const {
  ProcessTotals totals = from_rows_;
  totals.counters += view_.is_sampled() ? sampled_counters(rows_sum_.live_bytes()) : counters();
  add(totals.losses, view_.header().losses);
  for (const Table& table : tables_) {
    const wire::CounterTable& shared = *view_.table(table.ref);
    totals.unknown_frees += load(shared.unknown_frees);
    totals.failed += load(shared.failed);
    add(totals.losses, shared.losses);
    add(totals.sizes, shared.size_allocations);
  }
  return totals;
}

void CounterReader::read_peaks(bool at_mark) {
  struct Peak {
    std::uint64_t blocks = 0, bytes = 0;
    void operator+=(const Peak& more) {
      blocks += more.blocks;
      bytes += more.bytes;
    }
  };
  std::vector<Peak> peaks(writer_.sites() + 1);  // by site
  std::map<std::pair<capture::SectionId, capture::SiteId>, Peak> section_peaks;
  const std::uint32_t epoch = view_.header().epoch.load(std::memory_order_relaxed);
  for (const Table& table : tables_) {
    for (const Block& block : table.blocks) {
      const std::span<const wire::SiteRow> shared = view_.rows(block.ref);
      for (std::size_t index = 0; index < block.rows.size(); ++index) {
        const Row& row = block.rows[index];
        if (row.site == 0) continue;
        const wire::SiteRow& source = shared[index];
        const bool noted = !at_mark && source.epoch.load(std::memory_order_relaxed) == epoch;
        const Peak held{noted ? static_cast<std::uint64_t>(source.peak_blocks.load())
                              : row.seen.allocations - row.seen.frees,
                        noted ? static_cast<std::uint64_t>(source.peak_bytes.load())
                              : row.seen.bytes - row.seen.freed_bytes};
        peaks[row.site] += held;
        if (row.section != 0) section_peaks[{row.section, row.site}] += held;
      }
    }
  }
  for (capture::SiteId site = 1; site < peaks.size(); ++site) {
    const Peak& peak = peaks[site];
    writer_.set_peak(site, at_least_zero(peak.blocks), at_least_zero(peak.bytes));
  }
  for (const auto& [place, peak] : section_peaks) {
    writer_.sections().set_peak(place.first, place.second, at_least_zero(peak.blocks),
                                at_least_zero(peak.bytes));
  }
}

// Tables are handed on by collectors only, and only after the numbers of the last owner are in the
// database. So a table's earlier owners are complete there, and the rest is the present owner's.
std::uint64_t CounterReader::resume() {
  refresh();
  resolver_.refresh_modules();
  writer_.restart_sites();
  writer_.sections().restart();
  std::unordered_map<wire::Ref, std::vector<wire::Ref>> threads_of_table;
  for (const auto& [ref, thread] : threads_) threads_of_table[thread.table].push_back(ref);
  std::uint64_t merged = 0;
  for (Table& table : tables_) {
    const wire::Ref owner = view_.table(table.ref)->owner.load(std::memory_order_acquire);
    const auto present = threads_.find(owner);
    const ThreadId present_id = present != threads_.end() ? present->second.id : 0;
    if (present_id != 0) writer_.restart_thread(present_id);
    for (const wire::Ref ref : threads_of_table[table.ref]) {
      if (ref == owner) continue;
      const ThreadId earlier = threads_.at(ref).id;
      if (present_id != 0 && writer_.thread_counters(earlier) == Counters{}) ++merged;
      keep_stored(earlier, present_id);
    }
  }
  return merged;
}

// What the database holds of `earlier` stays its own and is not its successor's.
void CounterReader::keep_stored(ThreadId earlier, ThreadId owner) {
  if (owner != 0) writer_.add_to_thread(owner, Counters{} - writer_.thread_counters(earlier));
  for (const auto& [site, counters] : writer_.stored_thread_sites(earlier)) {
    writer_.add_to_thread_site(earlier, site, counters);
    if (owner != 0) writer_.add_to_thread_site(owner, site, Counters{} - counters);
  }
  for (const auto& [place, counters] : writer_.sections().stored_of(earlier)) {
    writer_.sections().add(place, counters);
    if (owner == 0) continue;
    writer_.sections().add({place.section, place.site, owner}, Counters{} - counters);
  }
}

}  // namespace heapscribe::collector
