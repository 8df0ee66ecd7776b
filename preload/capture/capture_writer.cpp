#include "preload/capture/capture_writer.h"

#include <algorithm>
#include <array>

#include "preload/capture/numbers.h"

namespace heapscribe::capture {
namespace {

constexpr std::array<std::string_view, wire::kCallKinds> kKindTexts = {
    "malloc", "calloc", "realloc", "aligned", "new", "new[]", "new-aligned"};

// SQLite's integers are signed; what lies above is stored as its two's complement.
void bind_or_null(Statement& statement, int index, std::uint64_t value) {
  if (value == 0) {
    statement.bind_null(index);
  } else {
    statement.bind(index, integer(value));
  }
}

std::optional<wire::CallKind> kind_of(std::string_view text) {
  const auto* found = std::find(kKindTexts.begin(), kKindTexts.end(), text);
  if (found == kKindTexts.end()) return std::nullopt;
  return static_cast<wire::CallKind>(found - kKindTexts.begin());
}

std::uint64_t natural(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

[[noreturn]] void damaged() {
  throw DatabaseError("the recording is damaged: its ids have gaps", SQLITE_CORRUPT);
}

// Tables are arrays here, so what is continued must be numbered without gaps, as we do it.
void expect_id(const Statement& row, std::size_t id) {
  if (natural(row, 0) != id) damaged();
}

// An id below `end`, 0 for NULL.
std::uint32_t small(const Statement& row, int column, std::size_t end) {
  const std::uint64_t value = natural(row, column);
  if (value >= end) damaged();
  return static_cast<std::uint32_t>(value);
}

// As schema.sql packs them: "[[site,live blocks,live bytes,allocations,bytes],...]".
std::string pack(std::span<const SitePoint> points) {
  std::string text = "[";
  for (const SitePoint& point : points) {
    append_row(text, point.site, point.live_blocks, point.live_bytes, point.allocations,
               point.bytes);
  }
  return text + ']';
}

}  // namespace

std::string_view kind_text(wire::CallKind kind) {
  const auto index = static_cast<std::size_t>(kind);
  return index < kKindTexts.size() ? kKindTexts[index] : std::string_view{};
}

Counters& Counters::operator+=(const Counters& other) {
  allocations += other.allocations;
  bytes += other.bytes;
  frees += other.frees;
  freed_bytes += other.freed_bytes;
  temporary += other.temporary;
  reallocations += other.reallocations;
  usable_bytes += other.usable_bytes;
  return *this;
}

Counters& Counters::operator-=(const Counters& other) {
  allocations -= other.allocations;
  bytes -= other.bytes;
  frees -= other.frees;
  freed_bytes -= other.freed_bytes;
  temporary -= other.temporary;
  reallocations -= other.reallocations;
  usable_bytes -= other.usable_bytes;
  return *this;
}

CaptureWriter::CaptureWriter(Database& database) : database_(database), section_store_(database) {
  constexpr float kDense = 0.75F;
  stack_ids_.max_load_factor(kDense);
  load();
}

// Interning
// ----------------------------------------------------------------------------------------

ModuleId CaptureWriter::module(const ModuleRow& row) {
  const auto next = static_cast<ModuleId>(modules_.size());
  const auto [entry, fresh] = module_ids_.try_emplace({row.path, row.build_id, row.base}, next);
  if (fresh) modules_.push_back(row);
  return entry->second;
}

void CaptureWriter::module_unloaded(ModuleId module, std::uint64_t ns) {
  if (modules_[module].unload_ns == ns) return;
  modules_[module].unload_ns = ns;
  unloaded_.push_back(module);
}

AddressId CaptureWriter::address(ModuleId module, std::uint64_t offset) {
  const auto next = static_cast<AddressId>(addresses_.size());
  const auto [entry, fresh] = address_ids_.try_emplace({module, offset}, next);
  if (fresh) addresses_.push_back({module, offset});
  return entry->second;
}

StackId CaptureWriter::stack(StackId parent, AddressId address) {
  const StackNode node{parent, address};
  const auto next = static_cast<StackId>(stacks_.size());
  const StackId follower = parent + 1;
  if (parent != 0 && follower == next) {
    stacks_.push_back(node);
    return next;
  }
  if (parent != 0 && stacks_[follower] == node) return follower;
  const auto [entry, fresh] = stack_ids_.try_emplace(node, next);
  if (fresh) stacks_.push_back(node);
  return entry->second;
}

SiteId CaptureWriter::site(StackId stack, wire::CallKind kind, std::uint64_t first_ns) {
  if (last_site_.size() < stacks_.size()) last_site_.resize(stacks_.size());
  SiteId id = last_site_[stack];
  while (id != 0 && sites_[id].kind != kind) id = sites_[id].sibling;
  if (id == 0) return append_site(stack, kind, first_ns);
  Site& site = sites_[id];
  if (first_ns < site.first_ns) {
    site.first_ns = first_ns;
    touch(id);
  }
  return id;
}

SiteId CaptureWriter::append_site(StackId stack, wire::CallKind kind, std::uint64_t first_ns) {
  const auto id = static_cast<SiteId>(sites_.size());
  Site& site = sites_.emplace_back();
  site.stack = stack;
  site.sibling = std::exchange(last_site_[stack], id);
  site.kind = kind;
  site.first_ns = first_ns;
  touch(id);
  return id;
}

void CaptureWriter::expect_sites(std::size_t count) {
  stack_ids_.reserve(stack_ids_.size() + count);
}

void CaptureWriter::thread_started(ThreadId thread, std::uint32_t tid, std::uint64_t start_ns) {
  const auto [entry, fresh] = threads_.try_emplace(thread);
  if (!fresh) return;
  entry->second.tid = tid;
  entry->second.start_ns = start_ns;
  touch_thread(thread);
}

void CaptureWriter::thread_named(ThreadId thread, const std::string& name) {
  if (threads_[thread].name == name) return;
  threads_[thread].name = name;
  touch_thread(thread);
}

void CaptureWriter::thread_ended(ThreadId thread, std::uint64_t end_ns) {
  threads_[thread].end_ns = end_ns;
  touch_thread(thread);
}

// Adding up
// ----------------------------------------------------------------------------------------

void CaptureWriter::touch(SiteId id) {
  if (std::exchange(sites_[id].changed, true)) return;
  changed_sites_.push_back(id);
}

void CaptureWriter::touch_thread(ThreadId id) {
  if (std::exchange(threads_[id].changed, true)) return;
  changed_threads_.push_back(id);
}

void CaptureWriter::add_to_site(SiteId id, ThreadId thread, const Counters& more, SizeRange sizes) {
  Site& site = sites_[id];
  if (site.thread == 0 && !site.shared) site.thread = thread;
  if (site.thread != thread || thread == 0) share(id);
  if (site.shared && thread != 0) add_to_thread_site(thread, id, more);
  site.counters += more;
  site.sizes.smallest = std::min(site.sizes.smallest, sizes.smallest);
  site.sizes.largest = std::max(site.sizes.largest, sizes.largest);
  touch(id);
}

void CaptureWriter::add_to_site(SiteId site, const Variances& more) {
  Variances& sum = sites_[site].variances;
  sum.allocations += more.allocations;
  sum.bytes += more.bytes;
  sum.live_blocks += more.live_blocks;
  sum.live_bytes += more.live_bytes;
  touch(site);
}

void CaptureWriter::add_to_thread(ThreadId id, const Counters& more) {
  threads_[id].counters += more;
  touch_thread(id);
}

// From here on every thread's share has a row of its own.
void CaptureWriter::share(SiteId id) {
  Site& site = sites_[id];
  if (std::exchange(site.shared, true)) return;
  const ThreadId only = std::exchange(site.thread, 0);
  if (only != 0) add_to_thread_site(only, id, site.counters);
  touch(id);
}

void CaptureWriter::add_to_thread_site(ThreadId thread, SiteId site, const Counters& more) {
  share(site);
  ThreadSite& entry = threads_[thread].sites[site];
  entry.counters += more;
  if (!std::exchange(entry.changed, true)) changed_thread_sites_.emplace_back(thread, site);
}

void CaptureWriter::set_peak(SiteId id, std::int64_t blocks, std::int64_t bytes) {
  Site& site = sites_[id];
  if (site.peak_blocks == blocks && site.peak_bytes == bytes) return;
  site.peak_blocks = blocks;
  site.peak_bytes = bytes;
  touch(id);
}

void CaptureWriter::set_recording(std::string_view key, RecordingValue value) {
  const auto [entry, fresh] = recording_.try_emplace(std::string(key));
  if (!fresh && entry->second == value) return;
  entry->second = std::move(value);
  changed_recording_.insert(entry->first);
}

void CaptureWriter::clear_timeline() {
  clear_timeline_ = true;
  points_.clear();
}

void CaptureWriter::add_interval(const SiteInterval& interval) {
  intervals_.emplace_back(interval.ns, pack(interval.points));
}

void CaptureWriter::clear_site_timeline() {
  clear_site_timeline_ = true;
  intervals_.clear();
}

// Writing
// ------------------------------------------------------------------------------------------

void CaptureWriter::flush(const std::function<void()>& also) {
  if (batch_is_empty() && !also) return;
  Transaction transaction(database_);
  write_modules();
  write_addresses();
  write_stacks();
  write_sites();
  write_variances();
  write_threads();
  write_thread_sites();
  section_store_.write();
  write_timeline();
  write_site_timeline();
  write_recording();
  if (also) also();
  transaction.commit();
  forget_batch();
}

bool CaptureWriter::batch_is_empty() const {
  return stored_modules_ == modules_.size() && stored_addresses_ == addresses_.size() &&
         stored_stacks_ == stacks_.size() && unloaded_.empty() && changed_sites_.empty() &&
         changed_threads_.empty() && changed_thread_sites_.empty() && changed_recording_.empty() &&
         section_store_.batch_is_empty() && !clear_timeline_ && points_.empty() &&
         !clear_site_timeline_ && intervals_.empty();
}

void CaptureWriter::forget_batch() {
  stored_modules_ = modules_.size();
  stored_addresses_ = addresses_.size();
  stored_stacks_ = stacks_.size();
  stored_sites_ = sites_.size();
  section_store_.written();
  for (const SiteId id : changed_sites_) sites_[id].changed = false;
  for (const auto& [thread, site] : changed_thread_sites_)
    threads_[thread].sites[site].changed = false;
  for (const ThreadId id : changed_threads_) {
    Thread& thread = threads_[id];
    thread.changed = false;
    if (thread.end_ns != 0) thread.sites = {};  // nothing follows, and there may be many threads
  }
  unloaded_.clear();
  changed_sites_.clear();
  changed_threads_.clear();
  changed_thread_sites_.clear();
  changed_recording_.clear();
  clear_timeline_ = false;
  points_.clear();
  clear_site_timeline_ = false;
  intervals_.clear();
}

void CaptureWriter::write_modules() {
  if (stored_modules_ < modules_.size()) {
    Statement insert = database_.prepare(
        "INSERT INTO module (id, path, build_id, bias, base, end, load_ns) VALUES (?,?,?,?,?,?,?)");
    for (std::size_t id = stored_modules_; id < modules_.size(); ++id) {
      const ModuleRow& row = modules_[id];
      insert.bind_all(integer(id), std::string_view(row.path), std::string_view(row.build_id),
                      integer(row.bias), integer(row.base), integer(row.end), integer(row.load_ns));
      insert.run();
    }
  }
  if (unloaded_.empty()) return;
  Statement update = database_.prepare("UPDATE module SET unload_ns = ?2 WHERE id = ?1");
  for (const ModuleId id : unloaded_) {
    update.bind(1, integer(id));
    bind_or_null(update, 2, modules_[id].unload_ns);
    update.run();
  }
}

void CaptureWriter::write_addresses() {
  if (stored_addresses_ == addresses_.size()) return;
  Statement insert =
      database_.prepare("INSERT INTO address (id, module_id, offset) VALUES (?,?,?)");
  for (std::size_t id = stored_addresses_; id < addresses_.size(); ++id) {
    insert.bind(1, integer(id));
    bind_or_null(insert, 2, addresses_[id].module);
    insert.bind(3, integer(addresses_[id].offset));
    insert.run();
  }
}

void CaptureWriter::write_stacks() {
  if (stored_stacks_ == stacks_.size()) return;
  Statement insert = database_.prepare("INSERT INTO stack_chunk (id, nodes) VALUES (?,?)");
  for (std::size_t id = stored_stacks_; id < stacks_.size(); id += kChunkNodes) {
    const std::size_t count = std::min(kChunkNodes, stacks_.size() - id);
    const std::string nodes = pack_stacks(id, std::span(stacks_).subspan(id, count));
    insert.bind_all(integer(id), std::string_view(nodes));
    insert.run();
  }
}

void CaptureWriter::write_sites() {
  std::sort(changed_sites_.begin(), changed_sites_.end());
  const auto fresh = std::lower_bound(changed_sites_.begin(), changed_sites_.end(), stored_sites_);
  update_sites({changed_sites_.begin(), fresh});
  insert_sites({fresh, changed_sites_.end()});
}

void CaptureWriter::insert_sites(std::span<const SiteId> sites) {
  if (sites.empty()) return;
  Statement insert = database_.prepare(
      "INSERT INTO site (id, stack_id, kind, thread_id, first_ns, allocations, bytes, frees,"
      " freed_bytes, peak_blocks, peak_bytes, temporary, reallocations, usable_bytes, min_size,"
      " max_size) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)");
  for (const SiteId id : sites) {
    insert.bind(2, integer(sites_[id].stack)).bind(3, kind_text(sites_[id].kind));
    write_site(insert, id);
  }
}

void CaptureWriter::update_sites(std::span<const SiteId> sites) {
  if (sites.empty()) return;
  Statement update = database_.prepare(
      "UPDATE site SET thread_id=?4, first_ns=?5, allocations=?6, bytes=?7, frees=?8,"
      " freed_bytes=?9, peak_blocks=?10, peak_bytes=?11, temporary=?12, reallocations=?13,"
      " usable_bytes=?14, min_size=?15, max_size=?16 WHERE id=?1");
  for (const SiteId id : sites) write_site(update, id);
}

// Binds what both statements above have in common, and runs them.
void CaptureWriter::write_site(Statement& statement, SiteId id) {
  const Site& site = sites_[id];
  const Counters& sum = site.counters;
  statement.bind(1, integer(id));
  bind_or_null(statement, 4, site.thread);
  statement.bind(5, integer(site.first_ns));
  statement.bind(6, integer(sum.allocations)).bind(7, integer(sum.bytes));
  statement.bind(8, integer(sum.frees)).bind(9, integer(sum.freed_bytes));
  statement.bind(10, site.peak_blocks).bind(11, site.peak_bytes);
  statement.bind(12, integer(sum.temporary)).bind(13, integer(sum.reallocations));
  statement.bind(14, integer(sum.usable_bytes));
  statement.bind(15, integer(std::min(site.sizes.smallest, site.sizes.largest)));
  statement.bind(16, integer(site.sizes.largest));
  statement.run();
}

void CaptureWriter::write_variances() {
  Statement update = database_.prepare(
      "UPDATE site SET allocations_variance=?2, bytes_variance=?3, live_blocks_variance=?4,"
      " live_bytes_variance=?5 WHERE id=?1");
  for (const SiteId id : changed_sites_) {
    const Variances& sum = sites_[id].variances;
    if (sum == Variances{}) continue;
    update.bind_all(integer(id), sum.allocations, sum.bytes, sum.live_blocks, sum.live_bytes);
    update.run();
  }
}

void CaptureWriter::write_threads() {
  if (changed_threads_.empty()) return;
  Statement upsert = database_.prepare(
      "INSERT INTO thread (id, tid, name, start_ns, end_ns, allocations, bytes, frees, freed_bytes,"
      " reallocations, temporary) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"
      " ON CONFLICT (id) DO UPDATE SET name=?3, end_ns=?5, allocations=?6, bytes=?7, frees=?8,"
      " freed_bytes=?9, reallocations=?10, temporary=?11");
  for (const ThreadId id : changed_threads_) {
    const Thread& thread = threads_[id];
    const Counters& sum = thread.counters;
    upsert.bind_all(integer(id), integer(thread.tid), std::string_view(thread.name),
                    integer(thread.start_ns));
    bind_or_null(upsert, 5, thread.end_ns);
    upsert.bind(6, integer(sum.allocations)).bind(7, integer(sum.bytes));
    upsert.bind(8, integer(sum.frees)).bind(9, integer(sum.freed_bytes));
    upsert.bind(10, integer(sum.reallocations)).bind(11, integer(sum.temporary));
    upsert.run();
  }
}

void CaptureWriter::write_thread_sites() {
  if (changed_thread_sites_.empty()) return;
  Statement upsert = database_.prepare(
      "INSERT OR REPLACE INTO shared_site (thread_id, site_id, allocations, bytes, frees,"
      " freed_bytes, temporary) VALUES (?,?,?,?,?,?,?)");
  for (const auto& [thread, site] : changed_thread_sites_) {
    const Counters& sum = threads_[thread].sites[site].counters;
    upsert.bind_all(integer(thread), integer(site), integer(sum.allocations), integer(sum.bytes),
                    integer(sum.frees), integer(sum.freed_bytes), integer(sum.temporary));
    upsert.run();
  }
}

void CaptureWriter::write_recording() {
  if (changed_recording_.empty()) return;
  Statement upsert =
      database_.prepare("INSERT OR REPLACE INTO recording (key, value) VALUES (?,?)");
  for (const std::string& key : changed_recording_) {
    const RecordingValue& value = recording_.at(key);
    upsert.bind(1, std::string_view(key)).bind_null(2);
    if (const auto* number = std::get_if<std::int64_t>(&value)) upsert.bind(2, *number);
    if (const auto* text = std::get_if<std::string>(&value))
      upsert.bind(2, std::string_view(*text));
    upsert.run();
  }
}

void CaptureWriter::write_timeline() {
  if (clear_timeline_) database_.execute("DELETE FROM timeline");
  if (points_.empty()) return;
  Statement upsert = database_.prepare(
      "INSERT OR REPLACE INTO timeline (ns, live_bytes, live_blocks, allocations, bytes, frees,"
      " rss_bytes) VALUES (?,?,?,?,?,?,?)");
  for (const TimelinePoint& point : points_) {
    upsert.bind_all(integer(point.ns), point.live_bytes, point.live_blocks,
                    integer(point.allocations), integer(point.bytes), integer(point.frees),
                    integer(point.rss_bytes));
    upsert.run();
  }
}

void CaptureWriter::write_site_timeline() {
  if (clear_site_timeline_) database_.execute("DELETE FROM site_interval");
  if (intervals_.empty()) return;
  Statement insert =
      database_.prepare("INSERT OR REPLACE INTO site_interval (ns, points) VALUES (?,?)");
  for (const auto& [ns, points] : intervals_) {
    insert.bind_all(integer(ns), std::string_view(points));
    insert.run();
  }
}

// Totals
// -------------------------------------------------------------------------------------------

void CaptureWriter::write_losses(std::span<const std::uint64_t> losses) {
  Statement upsert =
      database_.prepare("INSERT OR REPLACE INTO loss (kind, events, meaning) VALUES (?,?,?)");
  for (std::size_t kind = 0; kind < losses.size(); ++kind) {
    const wire::LossText& text = wire::kLossTexts[kind];
    upsert.bind_all(text.key, integer(losses[kind]), text.meaning);
    upsert.run();
  }
}

void CaptureWriter::write_call_kinds(std::span<const std::uint64_t> allocations,
                                     std::span<const std::uint64_t> bytes) {
  Statement upsert = database_.prepare(
      "INSERT OR REPLACE INTO call_kind (kind, allocations, bytes) VALUES (?,?,?)");
  for (std::size_t kind = 0; kind < allocations.size(); ++kind) {
    upsert.bind_all(kKindTexts[kind], integer(allocations[kind]), integer(bytes[kind]));
    upsert.run();
  }
}

void CaptureWriter::write_sizes(std::span<const SizeClass> sizes) {
  Statement upsert = database_.prepare(
      "INSERT OR REPLACE INTO size_class (lower, upper, allocations) VALUES (?,?,?)");
  for (const SizeClass& size : sizes) {
    upsert.bind_all(integer(size.lower), integer(size.upper), integer(size.allocations));
    upsert.run();
  }
}

void CaptureWriter::write_block_classes(std::span<const BlockClassRow> classes,
                                        std::span<const HolderRow> holders) {
  database_.execute("DELETE FROM block_class; DELETE FROM holder");  // of an earlier check
  Statement row = database_.prepare(
      "INSERT OR REPLACE INTO block_class (site_id, class, blocks, bytes, retained_bytes) "
      "VALUES (?,?,?,?,?)");
  for (const BlockClassRow& found : classes) {
    row.bind_all(integer(found.site), found.block_class, integer(found.blocks),
                 integer(found.bytes), integer(found.retained_bytes));
    row.run();
  }
  Statement held = database_.prepare(
      "INSERT OR REPLACE INTO holder (site_id, root, tid, address, module_id, offset, sites) "
      "VALUES (?,?,?,?,nullif(?,0),?,?)");
  for (const HolderRow& found : holders) {
    std::string sites = "[";
    for (const SiteId site : found.sites) {
      sites += (sites.size() > 1 ? "," : "") + std::to_string(site);
    }
    held.bind_all(integer(found.site), found.root, integer(found.thread), integer(found.address),
                  integer(found.module), integer(found.offset), sites + "]");
    held.run();
  }
}

void CaptureWriter::write_releases(std::span<const ReleaseRow> releases) {
  if (releases.empty()) return;
  Statement upsert = database_.prepare(
      "INSERT OR REPLACE INTO release (site_id, stack_id, frees, bytes) VALUES (?,?,?,?)");
  for (const ReleaseRow& row : releases) {
    upsert.bind_all(integer(row.site), integer(row.stack), integer(row.frees), integer(row.bytes));
    upsert.run();
  }
}

// Callers have smaller ids than what they call.
StackId CaptureWriter::common_stack(StackId left, StackId right) const {
  while (left != right) {
    StackId& inner = left > right ? left : right;
    inner = stacks_[inner].parent;
  }
  return left;
}

void CaptureWriter::write_pauses(std::span<const PauseRow> pauses) {
  if (pauses.empty()) return;
  Statement row = database_.prepare(
      "INSERT OR REPLACE INTO pause (source, number, kind, cause, start_ns, duration_ns, "
      "thread_id, "
      "bytes, blocks, size, stands_for, continues, stack_id) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)");
  Statement site = database_.prepare(
      "INSERT OR REPLACE INTO pause_site (source, number, site_id, looks) VALUES (?,?,?,?)");
  for (const PauseRow& pause : pauses) {
    row.bind_all(integer(pause.source), integer(pause.number), pause.kind, pause.cause,
                 integer(pause.start_ns), integer(pause.duration_ns), integer(pause.thread),
                 integer(pause.bytes), integer(pause.blocks), integer(pause.size),
                 integer(pause.stands_for), std::int64_t{pause.continues ? 1 : 0},
                 integer(pause.stack));
    row.run();
    for (const auto& [id, looks] : pause.sites) {
      site.bind_all(integer(pause.source), integer(pause.number), integer(id), integer(looks));
      site.run();
    }
  }
}

void CaptureWriter::write_pause_totals(
    std::span<const LatencyRow> latencies, std::span<const OwnTimeRow> own,
    std::span<const std::pair<std::string_view, std::uint64_t>> keys) {
  Statement sum = database_.prepare(
      "INSERT OR REPLACE INTO call_time (call, sampled, calls, ns, longest_ns) VALUES (?,?,?,?,?)");
  Statement bucket = database_.prepare(
      "INSERT OR REPLACE INTO call_latency (call, sampled, bucket, lower_ns, upper_ns, calls) "
      "VALUES (?,?,?,?,?,?)");
  for (const LatencyRow& row : latencies) {
    if (row.calls == 0) continue;
    const std::int64_t sampled = row.sampled ? 1 : 0;
    sum.bind_all(row.call, sampled, integer(row.calls), integer(row.ns), integer(row.longest_ns));
    sum.run();
    for (std::size_t i = 0; i < row.buckets.size(); ++i) {
      if (row.buckets[i].calls == 0) continue;
      const bool last = i + 1 == row.buckets.size();
      bucket.bind_all(row.call, sampled, integer(i), integer(row.buckets[i].lower_ns),
                      integer(last ? row.longest_ns : row.buckets[i + 1].lower_ns),
                      integer(row.buckets[i].calls));
      bucket.run();
    }
  }
  Statement time =
      database_.prepare("INSERT OR REPLACE INTO profiler_time (cause, times, ns) VALUES (?,?,?)");
  for (const OwnTimeRow& row : own) {
    if (row.times == 0) continue;
    time.bind_all(row.cause, integer(row.times), integer(row.ns));
    time.run();
  }
  Statement key = database_.prepare("INSERT OR REPLACE INTO recording (key, value) VALUES (?,?)");
  for (const auto& [name, value] : keys) {
    key.bind_all(name, integer(value));
    key.run();
  }
}

void CaptureWriter::write_budget(std::span<const BudgetRow> limits) {
  for (const BudgetRow& limit : limits) {
    Statement row = database_.prepare(
        "INSERT OR REPLACE INTO budget (figure, most, action, refused, passed_ns, requested, "
        "value, site_id, thread_id) VALUES (?,?,?,?,?,?,?,nullif(?,0),?)");
    row.bind_all(limit.figure, integer(limit.most), limit.action, integer(limit.refused));
    if (limit.breach) {
      constexpr int kFirstOfBreach = 5;
      row.bind(kFirstOfBreach, integer(limit.breach->ns))
          .bind(kFirstOfBreach + 1, integer(limit.breach->requested))
          .bind(kFirstOfBreach + 2, integer(limit.breach->value))
          .bind(kFirstOfBreach + 3, integer(limit.breach->site))
          .bind(kFirstOfBreach + 4, integer(limit.breach->thread));
    }
    row.run();
  }
}

void CaptureWriter::write_pool(std::span<const PoolClassRow> classes,
                               std::span<const PoolTimeRow> times) {
  Statement row = database_.prepare(
      "INSERT OR REPLACE INTO pool_class (block_bytes, slab_bytes, allocations, requested_bytes, "
      "served_bytes, refills, spills, created, received, given, blocks, peak_blocks, slabs) "
      "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)");
  for (const PoolClassRow& size : classes) {
    row.bind_all(integer(size.block_bytes), integer(size.slab_bytes), integer(size.allocations),
                 integer(size.requested_bytes), integer(size.served_bytes), integer(size.refills),
                 integer(size.spills), integer(size.created), integer(size.received),
                 integer(size.given), size.blocks, size.peak_blocks, size.slabs);
    row.run();
  }
  Statement step = database_.prepare(
      "INSERT OR REPLACE INTO pool_time (lower_ticks, upper_ns, allocations) VALUES (?,?,?)");
  for (const PoolTimeRow& time : times) {
    step.bind_all(integer(time.lower_ticks), time.upper_ns, integer(time.allocations));
    step.run();
  }
}

// Continuing a recording
// ---------------------------------------------------------------------------

void CaptureWriter::load() {
  load_modules();
  load_stacks();
  load_sites();
  load_threads();
}

void CaptureWriter::load_modules() {
  Statement rows = database_.prepare(
      "SELECT id, path, build_id, bias, base, end, load_ns, unload_ns FROM module ORDER BY id");
  while (rows.step()) {
    expect_id(rows, modules_.size());
    module({.path = rows.text(1),
            .build_id = rows.text(2),
            .bias = natural(rows, 3),
            .base = natural(rows, 4),
            .end = natural(rows, 5),
            .load_ns = natural(rows, 6),
            .unload_ns = natural(rows, 7)});
  }
  stored_modules_ = modules_.size();
}

void CaptureWriter::load_stacks() {
  Statement places = database_.prepare("SELECT id, module_id, offset FROM address ORDER BY id");
  while (places.step()) {
    expect_id(places, addresses_.size());
    address(small(places, 1, modules_.size()), natural(places, 2));
  }
  const std::vector<StackNode> nodes = read_stacks(database_);
  for (std::size_t id = 1; id < nodes.size(); ++id) {
    const StackNode& node = nodes[id];
    if (node.address >= addresses_.size() || stack(node.parent, node.address) != id) damaged();
  }
  stored_addresses_ = addresses_.size();
  stored_stacks_ = stacks_.size();
}

void CaptureWriter::load_sites() {
  Statement rows = database_.prepare(
      "SELECT id, stack_id, kind, first_ns, allocations, bytes, frees, freed_bytes, temporary,"
      " reallocations, usable_bytes, min_size, max_size, peak_blocks, peak_bytes, thread_id"
      " FROM site ORDER BY id");
  while (rows.step()) {
    expect_id(rows, sites_.size());
    const StackId stack = small(rows, 1, stacks_.size());
    const wire::CallKind kind = kind_of(rows.text(2)).value_or(wire::CallKind::Malloc);
    const SiteId id = this->site(stack, kind, natural(rows, 3));
    if (id + std::size_t{1} != sites_.size()) damaged();
    Site& site = sites_[id];
    site.counters = {natural(rows, 4), natural(rows, 5), natural(rows, 6), natural(rows, 7),
                     natural(rows, 8), natural(rows, 9), natural(rows, 10)};
    if (site.counters.allocations != 0) site.sizes = {natural(rows, 11), natural(rows, 12)};
    site.peak_blocks = rows.integer(13);
    site.peak_bytes = rows.integer(14);
    site.thread = static_cast<ThreadId>(rows.integer(15));
    site.shared = site.thread == 0;
    site.changed = false;
  }
  changed_sites_.clear();
  stored_sites_ = sites_.size();
}

void CaptureWriter::load_threads() {
  Statement rows = database_.prepare(
      "SELECT id, tid, name, start_ns, end_ns, allocations, bytes, frees, freed_bytes, temporary,"
      " reallocations FROM thread");
  while (rows.step()) {
    Thread& thread = threads_[static_cast<ThreadId>(rows.integer(0))];
    thread.tid = static_cast<std::uint32_t>(rows.integer(1));
    thread.name = rows.text(2);
    thread.start_ns = natural(rows, 3);
    thread.end_ns = natural(rows, 4);
    thread.counters = {natural(rows, 5),
                       natural(rows, 6),
                       natural(rows, 7),
                       natural(rows, 8),
                       natural(rows, 9),
                       natural(rows, 10),
                       0};
  }
}

void CaptureWriter::restart_sites() {
  for (SiteId id = 1; id < sites_.size(); ++id) {
    sites_[id].counters = {};
    sites_[id].sizes = {};
    sites_[id].thread = 0;
    touch(id);
  }
}

void CaptureWriter::restart_thread(ThreadId thread) {
  threads_[thread].counters = {};
  touch_thread(thread);
}

std::vector<std::pair<SiteId, Counters>> CaptureWriter::stored_thread_sites(ThreadId thread) {
  std::vector<std::pair<SiteId, Counters>> found;
  Statement rows = database_.prepare(
      "SELECT site_id, allocations, bytes, frees, freed_bytes, temporary FROM thread_site"
      " WHERE thread_id = ?");
  rows.bind(1, integer(thread));
  while (rows.step()) {
    found.emplace_back(small(rows, 0, sites_.size()),
                       Counters{natural(rows, 1), natural(rows, 2), natural(rows, 3),
                                natural(rows, 4), natural(rows, 5), 0, 0});
  }
  return found;
}

}  // namespace heapscribe::capture
