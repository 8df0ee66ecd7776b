// What a recording can lose. Every kind is counted, stored and shown in every report it touches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace heapscribe::wire {

enum class Loss : std::uint32_t {
  NestedEvents,     // calls from a signal handler that interrupted the library itself
  UntrackedBlocks,  // no memory for the live-block table: counted as allocated, their free is
                    // unknown
  StacklessEvents,  // no space in the session: counted, but under "(stack not recorded)"
  UncountedEvents,  // no space for a thread's counters: not counted anywhere
  TruncatedStacks,  // stacks (not events) that do not reach the outermost frame
  MergedThreads,    // threads whose numbers are shown under another thread's
  UntracedEvents,   // counted, but missing in the event trace
  UnkeptSections,   // sections that were begun and not noted
  MisplacedEnds,    // ends of sections that the thread was not in
  UnkeptMarkers,    // markers that found no space
};
inline constexpr std::size_t kLossKinds = 10;

struct LossText {
  std::string_view key;      // name in JSON and in the database
  std::string_view meaning;  // one sentence for people
};
inline constexpr LossText kLossTexts[kLossKinds] = {
    {"nested_events",
     "calls made by a signal handler while it interrupted the recorder; not counted"},
    {"untracked_blocks", "allocations counted whose release could not be matched: out of memory"},
    {"stackless_events", "events counted without their stack: the session was full"},
    {"uncounted_events", "events of threads for which the session had no space; not counted"},
    {"truncated_stacks", "distinct stacks whose outermost frames could not be unwound"},
    {"merged_threads", "short-lived threads shown together with another thread"},
    {"untraced_events", "events that are counted but missing in the event trace"},
    {"unkept_sections",
     "sections begun beyond 4,095 different ones or 64 levels; counted in the section around"},
    {"misplaced_ends", "section ends on another thread than the begin, or twice; ignored"},
    {"unkept_markers", "markers beyond 65,536, or without space in the session"},
};

}  // namespace heapscribe::wire
