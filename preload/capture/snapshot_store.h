// Snapshots into their tables, a bounded number of them.
//
// A snapshot holds the sites that changed since the one before, so that quiet sites cost nothing.
// When there are too many, every other periodic one is given up: its points move into the one that
// follows. Labelled ones stay. As with CaptureWriter, nothing is forgotten before the transaction
// has gone well. One thread owns a store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "preload/capture/capture_writer.h"
#include "preload/capture/database.h"
#include "preload/capture/site_points.h"

namespace heapscribe::capture {

enum class SnapshotCause { Periodic, Command, Signal, Program, Memory, Budget };

// The moment, of the whole process.
struct SnapshotMoment {
  SnapshotCause cause = SnapshotCause::Periodic;
  std::string label{};
  std::uint64_t ns = 0;
  std::int64_t live_blocks = 0, live_bytes = 0;
  std::uint64_t allocations = 0, bytes = 0, rss_bytes = 0;
  std::uint64_t read_ns = 0;
};

struct SnapshotLimits {
  std::size_t snapshots = 1000;
  std::size_t points = 4'000'000;  // some 80 MB of the database
};

class SnapshotStore {
 public:
  explicit SnapshotStore(Database& database, SnapshotLimits limits = {});

  // What the writer's sites hold now. Returns the snapshot's number, 0 if there is no more room.
  std::uint32_t take(const SnapshotMoment& moment, const CaptureWriter& writer);
  // Doubled whenever periodic snapshots were given up, from 1 on.
  std::uint64_t thinning() const { return thinning_; }
  std::uint64_t thinned() const { return thinned_; }

  // Within a transaction of the caller's, after the sites.
  void write();
  // What the tables say about the peak and the end; after the totals were written.
  void write_final();
  // The transaction was committed.
  void written();

 private:
  struct Snapshot {
    std::uint32_t id = 0;
    bool periodic = false;
    std::size_t points = 0;
  };
  struct Waiting {
    std::uint32_t id = 0;
    SnapshotMoment moment;
    std::size_t sites = 0;
    std::string points;
  };

  void insert(const Waiting& snapshot);
  bool too_many() const;
  void thin_out();
  std::size_t give_up(const Snapshot& snapshot, const Snapshot& heir);
  std::string points_of(std::uint32_t id);

  Database& database_;
  SnapshotLimits limits_;
  std::uint32_t last_id_ = 0;
  std::vector<Counters> seen_;       // by site
  std::vector<Snapshot> snapshots_;  // in the order of taking
  std::size_t points_ = 0, labelled_ = 0;
  std::uint64_t thinning_ = 1, thinned_ = 0;
  std::vector<Waiting> waiting_;
};

}  // namespace heapscribe::capture
