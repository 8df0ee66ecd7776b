// What the program said of itself, into its tables: sections, what was allocated in them, markers.
//
// As with CaptureWriter, to which a store belongs, numbers are written as totals, and nothing is
// forgotten before the transaction has gone well.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "preload/capture/counters.h"
#include "preload/capture/database.h"

namespace heapscribe::capture {

struct SectionRow {
  SectionId id = 0, parent = 0;
  std::string name;
  std::uint64_t first_ns = 0, entered = 0, ended = 0;
  bool operator==(const SectionRow&) const = default;
};

struct MarkerRow {
  std::uint64_t id = 0;
  std::uint64_t ns = 0;
  std::string name;
  ThreadId thread = 0;
};

// What a thread did in a section at a site; thread 0 = nobody knows who it was.
struct SectionPlace {
  SectionId section = 0;
  SiteId site = 0;
  ThreadId thread = 0;
  auto operator<=>(const SectionPlace&) const = default;
};

class SectionStore {
 public:
  explicit SectionStore(Database& database) : database_(database) {}

  void set_section(const SectionRow& row);
  void add(const SectionPlace& place, const Counters& more);
  // Held at the high-water mark of the whole process.
  void set_peak(SectionId section, SiteId site, std::int64_t blocks, std::int64_t bytes);
  void add_marker(const MarkerRow& row) { markers_.push_back(row); }

  // For a recording that is continued: counters are about to be read from the start again.
  void restart() { restarted_ = true; }
  // What the database holds of a thread.
  std::vector<std::pair<SectionPlace, Counters>> stored_of(ThreadId thread);

  bool batch_is_empty() const;
  // Within a transaction of the caller's, after the sites.
  void write();
  // The transaction was committed.
  void written();

 private:
  struct Sum {
    Counters counters;
    bool changed = false;
  };
  using Sums = std::map<SectionPlace, Sum>;
  struct Peak {
    SectionId section = 0;
    SiteId site = 0;
    std::int64_t blocks = 0, bytes = 0;
  };

  void write_sections();
  void write_sums();
  void write_peaks();
  void write_markers();

  Database& database_;
  std::map<SectionId, SectionRow> sections_;
  Sums sums_;
  // The batch.
  bool restarted_ = false;
  std::vector<SectionId> changed_sections_;
  std::vector<Sums::iterator> changed_sums_;
  std::vector<Peak> peaks_;
  std::vector<MarkerRow> markers_;
};

}  // namespace heapscribe::capture
