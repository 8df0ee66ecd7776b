// Reads a session that somebody else wrote, and trusts nothing in it.
//
// Every reference is checked against what is used and stored, every count against the space it
// claims, and no list is followed for longer than the session could hold records, so that circles
// end. What is out of bounds is simply not there: a scribbled session yields fewer records.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "preload/wire/pool.h"
#include "preload/wire/session.h"

namespace heapscribe::collector {

// A counter of the target's, as it is just now.
template <typename Number>
Number load(const std::atomic<Number>& counter) {
  return counter.load(std::memory_order_relaxed);
}

struct SegmentView {
  wire::Ref outer = wire::kNoRef;
  std::uint32_t layout = 0;
  std::span<const std::uint64_t> frames;  // innermost first; empty = no such segment
};

using TraceWords = std::span<const std::atomic<std::uint64_t>>;
struct TraceRingView {
  const wire::TraceRing* ring = nullptr;
  TraceWords words;  // empty = no such ring
};

struct ModuleView {
  std::string path;
  std::string build_id;  // lower-case hex
  std::uint64_t bias = 0, base = 0, end = 0;
  std::uint64_t load_ns = 0, unload_ns = 0;
  std::uint32_t first_layout = 0, last_layout = 0;
};

struct SectionView {
  std::uint32_t number = 0, around = 0;  // 0 = no such section
  std::string name;
  std::uint64_t first_ns = 0, entered = 0, ended = 0;
};

struct MarkerView {
  std::uint32_t thread = 0;
  std::uint64_t ns = 0, ticks = 0;
  std::string name;
};

// Part of a list, newest first. A list may be complete only for a later look: a record that was
// allocated after this one, at a place that cannot be read yet, may have been linked before others.
struct RefList {
  std::vector<wire::Ref> refs;
  bool complete = false;  // it reaches what is known, or the end
};

class SessionView {
 public:
  // `mapping` must be aligned to a cache line and outlive the view. Throws SessionError with one
  // sentence about `name` unless it is a session of our version.
  SessionView(std::span<const std::byte> mapping, const std::string& name);

  const wire::SessionHeader& header() const;
  // Looks again at how much the target has used; nothing beyond `stored` bytes is ever read.
  // Nothing but the header can be read before the first call.
  void refresh(std::uint64_t stored);
  std::uint64_t readable() const { return readable_; }

  // Lists, newest first, up to and without `known`.
  RefList tables(wire::Ref known = wire::kNoRef) const;
  RefList threads(wire::Ref known = wire::kNoRef) const;
  RefList modules(wire::Ref known = wire::kNoRef) const;
  RefList sections(wire::Ref known = wire::kNoRef) const;
  RefList markers(wire::Ref known = wire::kNoRef) const;
  RefList blocks(wire::Ref newest, wire::Ref known = wire::kNoRef) const;

  // Records, nullptr or empty when the reference leads nowhere.
  const wire::CounterTable* table(wire::Ref ref) const;
  const wire::ThreadRecord* thread(wire::Ref ref) const;
  const wire::ModuleRecord* module_record(wire::Ref ref) const;
  std::span<const wire::SiteRow> rows(wire::Ref block) const;
  // Beside what `rows` returned, one by one; nullptr where nothing is sampled.
  const wire::SampleRow* samples(std::span<const wire::SiteRow> rows) const;
  bool is_sampled() const { return is_sampled_; }
  // Empty unless the census is complete.
  std::span<const wire::CensusRow> census_rows(const wire::Census& census) const;
  // Of a table, all blocks.
  std::vector<std::span<const wire::ReleaseRow>> release_rows(wire::Ref newest) const;
  const wire::PauseTable* pause_table(wire::Ref ref) const;
  const wire::PauseRing* pause_ring(wire::Ref ref) const;
  ModuleView module(wire::Ref ref) const;
  SectionView section(wire::Ref ref) const;
  MarkerView marker(wire::Ref ref) const;
  SegmentView segment(wire::Ref ref) const;
  const wire::SiteRow* row(wire::Ref ref) const;
  TraceRingView trace_ring(wire::Ref ref) const;
  std::string exec_path() const;
  // nullptr when the program does not run on the pool.
  const wire::PoolRecord* pool() const;
  std::vector<const wire::PoolThread*> pool_threads() const;

 private:
  template <typename Record>
  const Record* at(wire::Ref ref, std::uint64_t tail_bytes = 0) const;
  template <typename Record>
  std::string name_after(wire::Ref ref, std::uint32_t length) const;
  template <typename Record>
  RefList list(wire::Ref first, wire::Ref known, wire::Ref Record::*next) const;

  std::span<const std::byte> mapping_;
  bool is_sampled_ = false;
  std::uint64_t readable_ = 0;
};

}  // namespace heapscribe::collector
