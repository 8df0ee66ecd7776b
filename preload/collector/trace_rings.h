// Reads the threads' trace rings and makes chunks of what they hold.
//
// Trusts nothing: a ring that makes no sense is left where it is, and the gap says so. One thread
// owns the object, and has a SessionView of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "preload/capture/trace_store.h"
#include "preload/collector/session_view.h"

namespace heapscribe::collector {

enum class TraceDepth {
  Busy,        // rings that fill; the others keep what they have, where it survives us
  Everything,  // nobody writes any more
};

class TraceRings {
 public:
  using Sink = std::function<void(capture::TraceChunk)>;
  using Stored = std::unordered_map<wire::Ref, capture::TraceStore::Stored>;

  // Threads get the space back that was read in `writable`, which is the view's mapping; if it is
  // empty, rings stay as they are.
  TraceRings(const SessionView& view, std::span<std::byte> writable)
      : view_(view), writable_(writable) {}

  // For rings that another collector began to read: what it had taken and not stored is a gap.
  void resume(Stored stored) {
    stored_ = std::move(stored);
    resumed_ = true;
  }

  struct Pass {
    bool any = false;      // something was read
    bool pressed = false;  // a ring was more than a quarter full
  };
  Pass read(TraceDepth depth, const Sink& sink);

  // Events lost in gaps that no thread has counted.
  std::uint64_t lost_here() const { return lost_here_; }

 private:
  struct Chain {
    wire::Ref table = wire::kNoRef;
    wire::Ref ring = wire::kNoRef;  // as far as read
    std::uint64_t tail = 0;
    std::uint64_t taken = 0;  // events of this ring
    unsigned mark = 0;        // the one that holds
    std::uint64_t thread = 0, ns = 0, lost_seen = 0;
    std::uint64_t number = 0;  // of the last event
    std::uint64_t open_since = 0;
    bool broken = false;
    capture::TraceEncoder encoder;
  };

  void find_tables();
  void begin(Chain& chain);
  bool enter(Chain& chain, wire::Ref ring);
  void note_lost_with_collector(Chain& chain);
  void read_chain(Chain& chain, TraceDepth depth, const Sink& sink, Pass& pass);
  void read_records(Chain& chain, TraceWords words, std::uint64_t head, const Sink& sink);
  void read_last_gap(Chain& chain);
  void give_back(Chain& chain);
  void give_up(Chain& chain);
  void add(Chain& chain, const capture::TraceRecord& record);
  void seal(Chain& chain, const Sink& sink);

  const SessionView& view_;
  std::span<std::byte> writable_;
  Stored stored_;
  bool resumed_ = false;
  wire::Ref newest_table_ = wire::kNoRef;
  std::unordered_set<wire::Ref> known_tables_;
  std::vector<Chain> chains_;
  std::uint64_t lost_here_ = 0;
};

}  // namespace heapscribe::collector
