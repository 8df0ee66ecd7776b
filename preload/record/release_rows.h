// Where blocks are released, as an option: one thread's counters for each pair of the site that
// made a block and the stack that released it.
//
// Off, it costs nothing. What finds no space is not counted here; the reader sees the difference to
// the site's own count of releases.
#pragma once

#include <cstdint>

#include "preload/record/session.h"
#include "preload/unwind/remembered_stack.h"

namespace heapscribe::record {

extern constinit bool free_stacks_wanted;

// Before a second thread exists.
void set_free_stacks(bool wanted);

class ReleaseRows {
 public:
  // One block of `origin`, released here. `hash` stands for the stack.
  void count(const wire::SiteRow& origin, std::uint64_t size, const unwind::Stack& stack,
             wire::CounterTable& table);
  // The same where the releasing stack is that of a site, as for realloc.
  void count(const wire::SiteRow& origin, std::uint64_t size, const wire::SiteRow& by,
             wire::CounterTable& table);

 private:
  wire::ReleaseRow* find(std::uint64_t key) const;
  wire::ReleaseRow* add(std::uint64_t key, const wire::SiteRow& origin, wire::Ref stack,
                        wire::CounterTable& table);
  bool grow(wire::CounterTable& table);

  wire::ReleaseRow* rows_;  // of the newest block; nullptr = none yet
  std::uint32_t mask_;      // its capacity - 1
  std::uint32_t used_;      // rows in it
};

}  // namespace heapscribe::record
