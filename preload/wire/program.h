// What the program says of itself through heapscribe.h: the sections that it runs through, and
// moments that it marked.
//
// Guarantees are those of session.h, except that the counters of a section have many writers.
#pragma once

#include <atomic>
#include <cstdint>

namespace heapscribe::wire {

// Sections are numbered from 1 on; 0 = in none. A name within another section is another section.
inline constexpr std::uint32_t kMostSections = 4095;
inline constexpr std::uint32_t kDeepestSection = 64;
inline constexpr std::uint32_t kMostMarkers = 65536;
inline constexpr std::uint32_t kLongestName = 128;  // of both; the rest is cut off

// Made when it is entered for the first time, and kept.
struct SectionRecord {
  std::uint32_t next;    // Ref of an older section
  std::uint32_t number;  // what SiteRow::section says
  std::uint32_t around;  // number of the section that it lies in; 0 = none
  std::uint32_t depth;   // 1 = in none
  std::uint64_t first_ns;
  std::atomic<std::uint64_t> entered, ended;
  std::uint32_t name_length;
  std::uint32_t reserved;
  // char name[name_length] follows, no terminator
};

struct MarkerRecord {
  std::uint32_t next;    // Ref of an older marker
  std::uint32_t thread;  // ThreadRecord::number
  std::uint64_t ns;      // session time, in the heartbeat's steps
  std::uint64_t ticks;   // time-stamp counter; 0 = it is not read
  std::uint32_t name_length;
  std::uint32_t reserved;
  // char name[name_length] follows, no terminator
};

// What is wanted from outside; the program follows when it looks, one call in 64.
enum class RecordingWish : std::uint32_t { None = 0, Pause = 1, Resume = 2 };

// Recording may stop for a while. Blocks that are made meanwhile are not known later.
struct Interruption {
  std::atomic<std::uint32_t> times;
  std::atomic<RecordingWish> wanted;      // by who wishes; taken back by the library
  std::atomic<std::uint64_t> since_ns;    // session time of the present one; 0 = recording goes on
  std::atomic<std::uint64_t> total_ns;    // of those that are over
  std::atomic<std::uint64_t> unrecorded;  // allocations of threads without a table
};

}  // namespace heapscribe::wire
