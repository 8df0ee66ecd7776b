// Limits that the program is held to while it runs: what may be allocated, and what happens when it
// would be more.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace heapscribe::wire {

// Peak: requested bytes alive. Allocations and Bytes: calls that were served, and what they
// requested, since the program began.
enum class BudgetFigure : std::uint32_t { Peak, Allocations, Bytes };
inline constexpr std::size_t kBudgetFigures = 3;
inline constexpr std::string_view kBudgetFigureNames[kBudgetFigures] = {"peak", "allocations",
                                                                        "bytes"};

// Refuse: calls that would pass a limit fail as if memory had run out.
enum class BudgetAction : std::uint32_t { Log, Snapshot, Abort, Refuse };
inline constexpr std::string_view kBudgetActionNames[] = {"log", "snapshot", "abort", "enomem"};

enum class BreachState : std::uint32_t { None, Noting, Noted };

// The first call that would have passed a limit.
struct Breach {
  std::atomic<BreachState> state;  // the rest is valid when Noted
  std::uint32_t thread;            // ThreadRecord::number
  std::uint32_t site;              // Ref of a SiteRow
  std::uint32_t reserved;
  std::uint64_t ns;         // session time, in the heartbeat's steps
  std::uint64_t ticks;      // time-stamp counter; 0 = it is not read
  std::uint64_t requested;  // by that call
  std::uint64_t value;      // what the figure would have come to
};

struct BudgetLimit {
  std::uint64_t limit;  // 0 = none; written once by the collector
  // The library's.
  std::atomic<std::uint64_t> refused;  // calls
  Breach breach;
};

struct Budget {
  std::uint32_t is_set;  // 1 = there is a limit
  BudgetAction action;
  BudgetLimit limits[kBudgetFigures];
  // The figures so far; with Refuse what the allocator is just serving counts already.
  std::atomic<std::int64_t> values[kBudgetFigures];
  std::atomic<std::uint32_t> is_ending;  // 1 = Abort came into force
};

}  // namespace heapscribe::wire
