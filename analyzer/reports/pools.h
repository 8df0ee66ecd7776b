// How the size-class pool served the program, if it did.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::reports {

struct PoolClass {
  model::Bytes block;  // 0 = huge blocks
  model::Bytes slab;
  model::Count allocations;
  model::Bytes requested;
  model::Bytes served;
  model::Count refills;   // found the thread's list empty
  model::Count spills;    // frees that found it full
  model::Count created;   // from fresh memory
  model::Count received;  // by a thread from others
  model::Count given;     // by a thread to others
  model::Count blocks;
  model::Count peak_blocks;
  model::Count slabs;

  model::Count hits() const { return allocations - refills; }
  // Of the blocks that were cut, some may never have been handed out.
  model::Count reused() const { return std::max(allocations - created, model::Count{}); }
  model::Bytes slack() const { return served - requested; }
  PoolClass& operator+=(const PoolClass& other);
};

// Of a sample. `half` and `most` are upper bounds: 50 and 99 % took less.
struct PoolTimes {
  model::Count timed;
  model::Nanoseconds mean;
  model::Nanoseconds half;
  model::Nanoseconds most;
};

struct PoolsReport {
  bool used = false;      // the program ran on the pool
  std::string allocator;  // what it ran on instead: "system", or a path
  std::vector<PoolClass> classes;
  PoolClass all;
  model::Count foreign;  // allocations left to the system's allocator
  model::Count heaps;    // as many threads allocated at the same time
  model::Bytes held, peak_held, kept, returned, metadata;
  std::optional<PoolTimes> times;
};

// The program ran on the pool.
bool has_pools(model::CaptureReader& reader);

PoolsReport collect_pools(model::CaptureReader& reader);

// What matters most, and what to do about it.
enum class PoolVerdict { Fits, Exhausted, ListsRunEmpty, RoundingCosts };
struct PoolAdvice {
  PoolVerdict verdict = PoolVerdict::Fits;
  double share = 0;
  PoolClass worst;
};
PoolAdvice advise(const PoolsReport& report);

}  // namespace heapscribe::reports
