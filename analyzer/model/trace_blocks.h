// Which block a traced release gives up: follows the trace and remembers the live ones.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "analyzer/model/trace_reader.h"

namespace heapscribe::model {

struct TraceBlock {
  std::uint64_t size = 0;
  std::int64_t site = 0;
};

class TraceBlocks {
 public:
  // To be called with every event, in order. For Release and ReallocBegin: the block that goes, or
  // nothing if it came before the trace, or in a gap.
  std::optional<TraceBlock> follow(const TraceEvent& event) {
    switch (event.kind) {
      case TraceEventKind::Allocation:
      case TraceEventKind::Realloc:
        overwritten_ +=
            blocks_.insert_or_assign(event.address, TraceBlock{event.size, event.site}).second ? 0U
                                                                                               : 1U;
        return std::nullopt;
      case TraceEventKind::Release:
      case TraceEventKind::ReallocBegin:
        return take(event.address);
      case TraceEventKind::Gap:
        break;
    }
    return std::nullopt;
  }

  std::size_t live() const { return blocks_.size(); }
  // Allocations at an address that was live already: possible only behind a gap.
  std::uint64_t overwritten() const { return overwritten_; }

 private:
  std::optional<TraceBlock> take(std::uint64_t address) {
    const auto found = blocks_.find(address);
    if (found == blocks_.end()) return std::nullopt;
    const TraceBlock block = found->second;
    blocks_.erase(found);
    return block;
  }

  std::unordered_map<std::uint64_t, TraceBlock> blocks_;
  std::uint64_t overwritten_ = 0;
};

}  // namespace heapscribe::model
