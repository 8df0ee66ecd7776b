// The sections of the program by name, and the entries that threads make in them.
//
// A section is a number, and a row of counters belongs to one (SiteRow::section): a thread that
// enters a section counts on other rows from then on, so an event costs as much inside as outside.
// Whoever frees a block counts on a row of the section in which it was made.
//
// No lock, no system call; to be used within a RecordingScope. What is once made stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "preload/wire/program.h"

namespace heapscribe::record {

using SectionNumber = std::uint32_t;
inline constexpr SectionNumber kNoSection = 0;

// The section `name` within `around`, made if need be; kNoSection if there is no room for it. A
// section that is entered within itself stays the same: recursion makes no new ones.
SectionNumber find_section(SectionNumber around, std::string_view name);

bool is_section(SectionNumber number);  // from 1 to kMostSections
wire::SectionRecord* section_record(SectionNumber number);

// One begin of a section by a thread, as the program holds it until the end.
struct SectionEntry {
  SectionNumber section = kNoSection;
  // Tells it from others that the thread had at this depth. Deeper than kShallow, where the thread
  // does not remember its entries: the section around.
  std::uint32_t mark = 0;
  std::uint32_t depth = 0;   // entries of the thread with this one
  std::uint32_t thread = 0;  // its number; the lower bits count
  bool begins = false;       // its end is the section's as well

  static constexpr std::uint32_t kShallow = 64;
  static constexpr std::uint32_t kMarkMask = 0xFFF;
  static constexpr std::uint32_t kDeepest = 0xFFFF;
  static constexpr std::uint32_t kThreadMask = 0x7F'FFFF;
  std::uint64_t packed() const {
    return std::uint64_t{section} | std::uint64_t{mark} << 12 | std::uint64_t{depth} << 24 |
           std::uint64_t{thread & kThreadMask} << 40 | std::uint64_t{begins} << 63;
  }
  static SectionEntry unpacked(std::uint64_t word) {
    return {static_cast<std::uint32_t>(word & 0xFFF),
            static_cast<std::uint32_t>(word >> 12 & kMarkMask),
            static_cast<std::uint32_t>(word >> 24 & kDeepest),
            static_cast<std::uint32_t>(word >> 40 & kThreadMask), (word >> 63) != 0};
  }
};
static_assert(wire::kMostSections == 0xFFF, "twelve bits hold a section");

// What was allocated in a section and the sections within it so far, and how much of that was
// freed, by whichever thread. Reads all rows: not for every event.
struct SectionSums {
  std::uint64_t allocations = 0, bytes = 0, frees = 0, freed_bytes = 0;
};
SectionSums sum_of_section(SectionNumber section);

}  // namespace heapscribe::record
