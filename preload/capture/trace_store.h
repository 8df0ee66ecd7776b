// Chunks of the event trace into their tables.
//
// Like CaptureWriter, it forgets nothing before it is told that the transaction went well. One
// thread owns it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "preload/capture/capture_writer.h"
#include "preload/capture/database.h"
#include "preload/capture/trace_codec.h"

namespace heapscribe::capture {

class TraceStore {
 public:
  // What the database has of a source.
  struct Stored {
    std::uint64_t events = 0, last_number = 0, lost = 0;
  };
  // The site of a row; nothing as long as it is not known.
  using FindSite = std::function<std::optional<SiteId>(wire::Ref row)>;

  explicit TraceStore(Database& database) : database_(database) {}

  // For a recording that another collector began: drops what an earlier recovery wrote, and goes on
  // with the rows whose site is not known.
  std::unordered_map<wire::Ref, Stored> resume();

  void add(TraceChunk chunk);
  // Asks for the sites that are not known yet.
  void find_sites(const FindSite& find_site);
  // Within a transaction of the caller's.
  void write();
  // Likewise: so far as many events are lost as the gaps say.
  void write_loss();
  // The transaction was committed.
  void written();

 private:
  Database& database_;
  std::int64_t recovered_ = 0;
  std::vector<TraceChunk> chunks_;
  std::uint64_t lost_ = 0;  // in gaps of chunks that were written
  std::unordered_set<wire::Ref> known_rows_;
  struct Row {
    wire::Ref ref = 0;
    std::optional<SiteId> site{};
  };
  std::vector<Row> rows_;  // without a site in the database
};

}  // namespace heapscribe::capture
