// One thread's events into its counters. Reached only through a RecordingScope.
//
// A recorder lives in private memory beside its counter table in the session; both are handed to a
// new thread once the collector has seen the owner end. It never waits and never allocates from a
// heap; what it cannot record it counts as a loss.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/bootstrap/recording_scope.h"
#include "preload/record/block_table.h"
#include "preload/record/session.h"
#include "preload/record/stack_table.h"
#include "preload/unwind/remembered_stack.h"

namespace heapscribe::record {

class ThreadRecorder {
 public:
  // Where `usable` is asked for, what malloc_usable_size says of the block at that time; must be
  // the same when the block comes and when it goes. kUnknownSize is always possible.
  static constexpr std::size_t kUnknownSize = ~std::size_t{0};

  // An allocation in two steps, with the allocator's own work in between: first the site (so that
  // its row arrives from memory meanwhile), then, if there is a block, the event.
  wire::SiteRow* site(wire::CallKind kind, const unwind::Frame& caller);
  void allocated(wire::SiteRow& site, const void* block, std::size_t requested, std::size_t usable);

  // A block from before recording began: its stack and usable size are gone.
  void allocated_early(const void* block, std::size_t requested, wire::CallKind kind);

  // A release in two steps, likewise: the block is taken out of the books before the allocator gets
  // it back, since another thread may be given its address at once.
  BlockRecord take(const void* block, std::size_t usable);
  void released(BlockRecord record, const void* block);

  // realloc: take and site before the real call, then one of these.
  void resized(wire::SiteRow& site, BlockRecord old, const void* block, std::size_t requested,
               std::size_t usable);
  void not_resized(BlockRecord old, const void* block, std::size_t usable);
  void released_by_resize(BlockRecord old);

  void call_failed();

 private:
  friend ThreadRecorder* adopt_or_create_recorder();

  const unwind::Stack& capture(const unwind::Frame& caller);
  wire::SiteRow* find_row(std::uint64_t key, wire::CallKind kind, const unwind::Stack* stack,
                          const wire::SiteRow* other);
  wire::SiteRow* add_row(std::uint64_t key, wire::CallKind kind, const unwind::Stack* stack,
                         const wire::SiteRow* other);
  wire::SiteRow* own_row(wire::SiteRow* row);
  bool grow_rows();
  void enter_block(wire::SiteRow& row, const void* block, std::size_t requested,
                   std::size_t usable);
  void count_allocation(wire::SiteRow& row, std::size_t requested, std::size_t usable);
  void count_free(wire::SiteRow& row, std::uint64_t size);
  wire::SiteRow* count_release(BlockRecord record);
  void add_live_bytes(std::int64_t bytes);
  void lose(wire::Loss loss);

  wire::CounterTable* table_;
  wire::SiteRow* rows_;       // of the newest RowBlock
  std::uint32_t mask_;        // its capacity - 1
  std::uint32_t used_;        // rows in it
  wire::SiteRow* stackless_;  // counts the events for which no row could be made
  std::int64_t held_back_;    // live bytes not yet added to the process, see peak.h
  std::uint64_t
      last_block_;  // most recent allocation of this thread: freeing it next is "temporary"
  wire::Ref table_ref_;
  wire::SiteRow* counts_[wire::kCallKinds];  // the rows of Mode::Counts
  unwind::RememberedStack stack_;
};

// Settings that all recorders share; set before a second thread exists.
void set_mode(wire::Mode mode);
// The allocator underneath keeps its blocks 32 bytes apart: see SmallBlocks.
void find_small_blocks_by_address();
// How stacks are captured: by `anew` every time, or by rules with memory, where `anew` takes over
// for exotic frames; nullptr = such stacks are truncated.
void set_unwinder(bool by_rules, unwind::CaptureFunction anew);

// The calling thread's recorder. Never fails: a thread for which there is no space shares nothing
// and gets nullptr, its events are counted as lost.
ThreadRecorder* recorder(const bootstrap::RecordingScope& scope);

}  // namespace heapscribe::record
