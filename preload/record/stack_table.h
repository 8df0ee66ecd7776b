// Equal stacks become one record in the session: hash of the frames -> Ref of the innermost
// segment.
//
// The index is private to the process, insert-only and lock-free. Two threads that meet a new stack
// at the same moment may both write it; the collector merges equal stacks anyway.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/unwind/remembered_stack.h"
#include "preload/wire/session.h"

namespace heapscribe::record {

class StackTable {
 public:
  // The session's record of this stack; kNoRef when there is no space. Deep stacks share their
  // outer segments (session.h). For stacks that the calling thread meets for the first time.
  wire::Ref intern(const unwind::Stack& stack);

 private:
  struct Entry {
    std::atomic<std::uint64_t> hash;
    std::atomic<wire::Ref> segment;
  };
  static constexpr std::uint64_t kReach = 64;
  static constexpr unsigned kMaxTables = 24;
  static constexpr unsigned log2_entries(unsigned table) { return 9 + table; }

  wire::Ref intern_segment(const unwind::Stack& stack, std::uint32_t begin, std::uint32_t end,
                           wire::Ref outer);
  wire::Ref find(std::uint64_t hash) const;
  void remember(std::uint64_t hash, wire::Ref segment);
  bool grow(unsigned from);

  std::atomic<unsigned> newest_{0};  // tables_[1..newest_] exist
  std::atomic<Entry*> tables_[kMaxTables + 1] = {};
};

extern constinit StackTable stack_table;

}  // namespace heapscribe::record
