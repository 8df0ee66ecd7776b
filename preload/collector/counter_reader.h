// Reads the counters of a session and adds what changed since the last reading to the writer.
//
// A table serves one thread after the other. What it gained since the last reading belongs to its
// owner; when the owner is dead its last numbers are read, then release_dead() hands the table on.
// Where threads come and go faster than that, the target hands tables on itself: then a thread's
// numbers are shown under its successor (counted as MergedThreads).
// The collector's main thread owns the reader.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "preload/capture/capture_writer.h"
#include "preload/collector/session_view.h"
#include "preload/collector/stack_resolver.h"
#include "preload/collector/timeline.h"

namespace heapscribe::collector {

// The whole process.
struct ProcessTotals {
  capture::Counters counters;
  std::uint64_t unknown_frees = 0, failed = 0;
  std::array<std::uint64_t, wire::kCallKinds> kind_allocations{}, kind_bytes{};
  std::array<std::uint64_t, wire::kLossKinds> losses{};
  std::array<std::uint64_t, wire::kSizeBuckets> sizes{};
};

// What the reader asks about the program's threads.
class ThreadWatch {
 public:
  virtual ~ThreadWatch() = default;
  virtual bool alive(std::uint32_t tid) = 0;
  virtual std::string name(std::uint32_t tid) = 0;  // empty = unknown
};

enum class Depth {
  Changes,   // rows whose event counts moved
  Complete,  // every number of every row: the program is gone, or about to be forgotten
};

class CounterReader {
 public:
  CounterReader(SessionView& view, capture::CaptureWriter& writer, SiteTimeline& series)
      : view_(view), writer_(writer), series_(series), resolver_(view, writer) {}

  // For a recording that another collector began: attributes to dead threads what the database
  // holds for them. Call before the first scan. Returns the number of threads whose numbers cannot
  // be told from those of the next owner of their table.
  std::uint64_t resume();

  // Finds threads and tables that are new.
  void refresh();
  void scan(std::uint64_t now_ns, Depth depth, ThreadWatch& watch);
  // Hands on the tables of threads that the last scan found dead; call once their numbers are safe.
  bool found_dead() const { return !dead_.empty(); }
  void release_dead(const std::function<void(wire::Ref table, wire::Ref owner)>& release);

  // Cheap enough for every tick: counters of all tables found so far, without kinds, losses and
  // sizes.
  capture::Counters counters() const;
  // The same where only samples are recorded: freed bytes are chosen to give the estimated live
  // ones.
  capture::Counters sampled_counters(std::int64_t live_bytes) const;
  ProcessTotals totals() const;
  // Sets the sites' share of the high-water mark; `at_mark` = rows hold it now, nothing was higher.
  void read_peaks(bool at_mark);
  std::size_t threads() const { return threads_.size(); }

  // The site that a row counts for, as for the event trace; nothing as long as it is not known.
  std::optional<capture::SiteId> site_of(wire::Ref row, Patience patience);
  // The module that data lies in, and where in it.
  std::optional<std::pair<capture::ModuleId, std::uint64_t>> data_place(std::uint64_t address) {
    return resolver_.data_place(address);
  }
  // A stack that no site needs to have; nothing if it cannot be read (yet).
  std::optional<capture::StackId> stack_of(wire::Ref stack, Patience patience = Patience::Over) {
    return resolver_.resolve(stack, patience);
  }

 private:
  struct Row {
    capture::Counters seen;
    capture::SiteId site = 0;        // 0 = not resolved yet
    wire::CallKind kind{};           // a valid one, from then on
    capture::SectionId section = 0;  // likewise
  };
  struct Block {
    wire::Ref ref = wire::kNoRef;
    std::vector<Row> rows;
    std::vector<capture::Variances> variances{};  // as seen; only where rows are sampled
  };
  struct Thread {
    capture::ThreadId id = 0;
    std::uint32_t tid = 0;
    wire::Ref table = wire::kNoRef;
    std::uint64_t next_name_ns = 0;
    bool superseded = false;  // a younger thread has the same tid
  };
  struct Table {
    wire::Ref ref = wire::kNoRef;
    wire::Ref newest_block = wire::kNoRef;
    wire::Ref owner = wire::kNoRef;           // as last read
    wire::Ref released_owner = wire::kNoRef;  // handed on; its successor has not signed yet
    capture::Counters seen;
    std::vector<Block> blocks;
    unsigned quiet_scans = 0;
    std::size_t unresolved = 0;
  };

  // What one reading of a table's rows needs to know.
  struct Reading {
    capture::ThreadId owner = 0;  // 0 = nobody signed for the table
    std::uint64_t now_ns = 0;
    Depth depth = Depth::Changes;
    Patience patience = Patience::Left;
  };

  void find_threads();
  void note_youngest(wire::Ref ref, Thread& thread);
  void find_tables();
  void find_blocks(Table& table);
  void scan_table(Table& table, std::uint64_t now_ns, Depth depth, ThreadWatch& watch);
  Thread* owner_of(Table& table, const wire::CounterTable& shared);
  struct NewRow {
    wire::Ref stack = wire::kNoRef;
    wire::CallKind kind{};
    std::uint64_t first_ns = 0;
    Row* row = nullptr;
    const wire::SiteRow* shared = nullptr;
  };
  void read_rows(Table& table, const Reading& reading);
  void read_new_rows(Table& table, const Reading& reading);
  void fetch_ahead(std::size_t index) const;
  void read_row(Row& row, const wire::SiteRow& shared, const Reading& reading);
  bool resolve(const NewRow& fresh, const Reading& reading);
  void read_all_variances(Table& table);
  void read_variances(Block& block, std::size_t index, const wire::SampleRow& shared);
  void keep_name(Thread& thread, std::uint64_t now_ns, ThreadWatch& watch);
  void keep_stored(capture::ThreadId earlier, capture::ThreadId owner);

  SessionView& view_;
  capture::CaptureWriter& writer_;
  SiteTimeline& series_;
  StackResolver resolver_;
  wire::Ref newest_thread_ = wire::kNoRef;
  wire::Ref newest_table_ = wire::kNoRef;
  std::unordered_map<wire::Ref, Thread> threads_;
  std::unordered_map<std::uint32_t, wire::Ref> thread_of_tid_;
  std::vector<Table> tables_;
  std::unordered_set<wire::Ref> known_tables_, known_blocks_;
  std::uint64_t known_rows_ = 0;
  ProcessTotals from_rows_;  // what only the rows know: kinds, usable bytes
  capture::Counters rows_sum_;
  std::vector<std::size_t> dead_;  // indices of tables
  std::vector<NewRow> new_rows_;   // of the table being read
};

}  // namespace heapscribe::collector
