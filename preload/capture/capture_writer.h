// Records into tables, in batches.
//
// Everything is interned and added up here in memory; flush() writes what is new or changed since
// the last flush in one transaction. If that fails nothing is forgotten: the next flush writes it
// too. Numbers are written as totals, never as increments, so a repeated flush does no harm.
//
// Ids are those of the database. 0 means "none", and stack 0 is "(stack not recorded)".
// One thread owns a writer.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "preload/capture/database.h"
#include "preload/capture/section_store.h"
#include "preload/capture/stack_chunks.h"
#include "preload/wire/session.h"

namespace heapscribe::capture {

struct ModuleRow {
  std::string path{}, build_id{};
  std::uint64_t bias = 0, base = 0, end = 0, load_ns = 0;
  std::uint64_t unload_ns = 0;  // 0 = still loaded
};

// Estimated variances of estimates, in blocks^2 and bytes^2; all 0 where everything is recorded.
struct Variances {
  double allocations = 0, bytes = 0, live_blocks = 0, live_bytes = 0;
  bool operator==(const Variances&) const = default;
};

// Of the requests seen; smallest > largest = none yet.
struct SizeRange {
  std::uint64_t smallest = UINT64_MAX, largest = 0;
};

struct TimelinePoint {
  std::uint64_t ns = 0;
  std::int64_t live_bytes = 0, live_blocks = 0;
  std::uint64_t allocations = 0, bytes = 0, frees = 0;
  std::uint64_t rss_bytes = 0;
};

struct SitePoint {
  SiteId site = 0;
  std::int64_t live_blocks = 0, live_bytes = 0;
  std::uint64_t allocations = 0, bytes = 0;  // totals so far
};

// The sites that changed up to `ns`, each once.
struct SiteInterval {
  std::uint64_t ns = 0;
  std::vector<SitePoint> points{};
};

struct SizeClass {
  std::uint64_t lower = 0, upper = 0, allocations = 0;
};

// One size class of the pool; block_bytes 0 = huge blocks.
struct PoolClassRow {
  std::uint64_t block_bytes = 0, slab_bytes = 0;
  std::uint64_t allocations = 0, requested_bytes = 0, served_bytes = 0;
  std::uint64_t refills = 0, spills = 0, created = 0, received = 0, given = 0;
  std::int64_t blocks = 0, peak_blocks = 0, slabs = 0;
};

// How many of the timed allocations took less than upper_ns, and more than the row before.
struct PoolTimeRow {
  std::uint64_t lower_ticks = 0;
  std::int64_t upper_ns = 0;
  std::uint64_t allocations = 0;
};

// What the leak check found of a site's live blocks; one row for each class it has.
struct BlockClassRow {
  SiteId site = 0;
  std::string_view block_class;  // definite, indirect, possible, reachable
  std::uint64_t blocks = 0, bytes = 0, retained_bytes = 0;
};

// Who holds a site's largest reachable block: sites from the nearest on, and the root.
struct HolderRow {
  SiteId site = 0;
  std::string root{};        // global, stack, register, thread-local
  std::uint32_t thread = 0;  // kernel id; 0 = none
  std::uint64_t address = 0;
  ModuleId module = 0;  // of a global; 0 = unknown
  std::uint64_t offset = 0;
  std::vector<SiteId> sites{};
};

// How many blocks of a site were released by a stack.
struct ReleaseRow {
  SiteId site = 0;
  StackId stack = 0;
  std::uint64_t frees = 0, bytes = 0;
};

// What held a thread up. `source` and `number` name it for good.
struct PauseRow {
  std::uint64_t source = 0, number = 0;
  std::string_view kind{}, cause{};  // as in schema.sql
  std::uint64_t start_ns = 0, duration_ns = 0;
  ThreadId thread = 0;
  std::uint64_t bytes = 0, blocks = 0, size = 0;
  std::uint32_t stands_for = 1;
  bool continues = false;
  StackId stack = 0;
  std::vector<std::pair<SiteId, std::uint32_t>> sites{};  // and how often they were met
};

// How long calls took: all large ones, or a sample of the others.
struct LatencyRow {
  struct Bucket {
    std::uint64_t lower_ns = 0, calls = 0;
  };
  std::string_view call{};
  bool sampled = false;
  std::uint64_t calls = 0, ns = 0, longest_ns = 0;
  std::vector<Bucket> buckets{};
};

struct OwnTimeRow {
  std::string_view cause{};
  std::uint64_t times = 0, ns = 0;
};

// The first call that would have passed a limit.
struct BreachRow {
  std::uint64_t ns = 0, requested = 0, value = 0;
  SiteId site = 0;  // 0 = not known (yet)
  ThreadId thread = 0;
};

// A limit that the program is held to while it runs.
struct BudgetRow {
  std::string_view figure{}, action{};  // as in schema.sql
  std::uint64_t most = 0, refused = 0;
  std::optional<BreachRow> breach{};
};

using RecordingValue = std::variant<std::monostate, std::int64_t, std::string>;

class CaptureWriter {
 public:
  // Continues what `database` already holds: everything keeps its id and its numbers.
  explicit CaptureWriter(Database& database);

  ModuleId module(const ModuleRow& row);                    // known by path, build id and base
  void module_unloaded(ModuleId module, std::uint64_t ns);  // 0 = it is loaded (again)
  AddressId address(ModuleId module, std::uint64_t offset);
  StackId stack(StackId parent, AddressId address);
  SiteId site(StackId stack, wire::CallKind kind, std::uint64_t first_ns);
  // What two stacks have in common, from the outside; 0 = nothing.
  StackId common_stack(StackId left, StackId right) const;
  // So many sites may come with the next calls.
  void expect_sites(std::size_t count);

  void thread_started(ThreadId thread, std::uint32_t tid, std::uint64_t start_ns);
  void thread_named(ThreadId thread, const std::string& name);
  void thread_ended(ThreadId thread, std::uint64_t end_ns);

  // What `thread` did at a site; 0 = nobody knows who it was.
  void add_to_site(SiteId site, ThreadId thread, const Counters& more, SizeRange sizes);
  void add_to_site(SiteId site, const Variances& more);
  void add_to_thread(ThreadId thread, const Counters& more);
  // The thread's share of a site alone.
  void add_to_thread_site(ThreadId thread, SiteId site, const Counters& more);
  void set_peak(SiteId site, std::int64_t blocks, std::int64_t bytes);
  const Counters& site_counters(SiteId site) const { return sites_[site].counters; }
  std::size_t sites() const { return sites_.size() - 1; }

  // Written with the next flush, unless the value is the one that was set last.
  void set_recording(std::string_view key, RecordingValue value);
  void add_point(const TimelinePoint& point) { points_.push_back(point); }
  void clear_timeline();
  void add_interval(const SiteInterval& interval);
  void clear_site_timeline();

  // Writes the batch, if there is anything in it, and what `also` writes, which must not add to the
  // batch: it counts as written. Throws DatabaseError;
  // then the whole batch is still to be written.
  void flush(const std::function<void()>& also = {});
  Database& database() { return database_; }

  // What the program said of itself; written with the batch.
  SectionStore& sections() { return section_store_; }

  // Tables of totals, written at once; to be called by flush's `also`.
  void write_losses(std::span<const std::uint64_t> losses);
  void write_call_kinds(std::span<const std::uint64_t> allocations,
                        std::span<const std::uint64_t> bytes);
  void write_sizes(std::span<const SizeClass> sizes);
  void write_block_classes(std::span<const BlockClassRow> classes,
                           std::span<const HolderRow> holders);
  void write_releases(std::span<const ReleaseRow> releases);
  void write_pauses(std::span<const PauseRow> pauses);
  void write_pause_totals(std::span<const LatencyRow> latencies, std::span<const OwnTimeRow> own,
                          std::span<const std::pair<std::string_view, std::uint64_t>> keys);
  void write_budget(std::span<const BudgetRow> limits);
  void write_pool(std::span<const PoolClassRow> classes, std::span<const PoolTimeRow> times);

  // For a recording that is continued: all counters are about to be read from the start again, and
  // who used a site is forgotten.
  void restart_sites();
  void restart_thread(ThreadId thread);
  const Counters& thread_counters(ThreadId thread) { return threads_[thread].counters; }
  // What the database holds of a thread, site by site.
  std::vector<std::pair<SiteId, Counters>> stored_thread_sites(ThreadId thread);

 private:
  struct Address {
    ModuleId module;
    std::uint64_t offset;
  };
  struct Site {
    StackId stack = 0;
    SiteId sibling = 0;   // with the same stack, of another kind; 0 = no more
    ThreadId thread = 0;  // the only one that used it so far; 0 = none yet, or `shared`
    wire::CallKind kind{};
    bool shared = false;   // threads' shares have rows of their own
    bool changed = false;  // it is in changed_sites_
    std::uint64_t first_ns = 0;
    Counters counters;
    SizeRange sizes;
    Variances variances;
    std::int64_t peak_blocks = 0, peak_bytes = 0;
  };
  struct ThreadSite {
    Counters counters;
    bool changed = false;
  };
  struct Thread {
    std::uint32_t tid = 0;
    std::string name;
    std::uint64_t start_ns = 0, end_ns = 0;
    Counters counters;
    std::unordered_map<SiteId, ThreadSite> sites;
    bool changed = false;
  };
  // Keys are small numbers, which would crowd a table as they are.
  struct Mix {
    std::size_t operator()(std::uint64_t key) const {
      key *= 0x9E3779B97F4A7C15ULL;
      return key ^ key >> 32;
    }
    std::size_t operator()(const StackNode& node) const {
      return (*this)(std::uint64_t{node.parent} << 32 | node.address);
    }
    std::size_t operator()(const std::pair<std::uint64_t, std::uint64_t>& place) const {
      return (*this)((*this)(place.first) ^ place.second);
    }
  };

  void load();
  void load_modules();
  void load_stacks();
  void load_sites();
  void load_threads();
  SiteId append_site(StackId stack, wire::CallKind kind, std::uint64_t first_ns);
  void touch(SiteId site);
  void share(SiteId site);
  void touch_thread(ThreadId thread);

  void write_modules();
  void write_addresses();
  void write_stacks();
  void write_variances();
  void write_sites();
  void insert_sites(std::span<const SiteId> sites);
  void update_sites(std::span<const SiteId> sites);
  void write_site(Statement& statement, SiteId site);
  void write_threads();
  void write_thread_sites();
  void write_recording();
  void write_timeline();
  void write_site_timeline();
  bool batch_is_empty() const;
  void forget_batch();

  Database& database_;
  SectionStore section_store_;
  // Index = id. Rows from `stored` on are not in the database yet.
  std::vector<ModuleRow> modules_{1};
  std::vector<Address> addresses_{1};
  std::vector<StackNode> stacks_{1};
  std::deque<Site> sites_{1};
  std::size_t stored_modules_ = 1, stored_addresses_ = 1, stored_stacks_ = 1, stored_sites_ = 1;
  std::unordered_map<ThreadId, Thread> threads_;

  std::map<std::tuple<std::string, std::string, std::uint64_t>, ModuleId> module_ids_;
  tsl::robin_map<std::pair<std::uint64_t, std::uint64_t>, AddressId, Mix> address_ids_;
  // Without the nodes that directly follow their parent, as most do.
  tsl::robin_map<StackNode, StackId, Mix, std::equal_to<>,
                 std::allocator<std::pair<StackNode, StackId>>, false>
      stack_ids_;
  std::vector<SiteId> last_site_;  // by stack, see Site::sibling

  // The batch.
  std::vector<ModuleId> unloaded_;
  std::vector<SiteId> changed_sites_;
  std::vector<ThreadId> changed_threads_;
  std::vector<std::pair<ThreadId, SiteId>> changed_thread_sites_;
  std::map<std::string, RecordingValue, std::less<>> recording_;  // all that was ever set
  std::set<std::string, std::less<>> changed_recording_;
  bool clear_timeline_ = false;
  std::vector<TimelinePoint> points_;
  bool clear_site_timeline_ = false;
  std::vector<std::pair<std::uint64_t, std::string>> intervals_;  // packed
};

// 'malloc', 'new[]', ... as in schema.sql; empty for a kind that does not exist.
std::string_view kind_text(wire::CallKind kind);

}  // namespace heapscribe::capture
