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
#include "preload/unwind/unwinder.h"

namespace heapscribe::record {

class ThreadRecorder {
 public:
  // `usable` is what malloc_usable_size says. Call after the block exists.
  void allocated(const void* block, std::size_t requested, std::size_t usable, wire::CallKind kind);

  // A block from before recording began: its stack and usable size are gone.
  void allocated_early(const void* block, std::size_t requested, wire::CallKind kind);

  // Call before the block is released.
  void released(const void* block);

  // realloc in three steps, since another thread may be given the old address at once:
  // take_for_resize before the real call, then one of the other three.
  BlockRecord take_for_resize(const void* block);
  void resized(BlockRecord old, const void* block, std::size_t requested, std::size_t usable);
  void not_resized(BlockRecord old, const void* block);
  void released_by_resize(BlockRecord old);

  void call_failed();

 private:
  friend ThreadRecorder* adopt_or_create_recorder();

  wire::SiteRow* current_site(wire::CallKind kind);
  FrameSpan capture();
  wire::SiteRow* find_row(std::uint64_t key, wire::CallKind kind, const FrameSpan* stack,
                          std::uint32_t layout, const wire::SiteRow* other);
  wire::SiteRow* own_row(wire::SiteRow* row);
  bool grow_rows();
  bool grow_frames();
  void enter_block(wire::SiteRow& row, const void* block, std::size_t requested);
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
  std::uintptr_t* frames_;
  std::uint32_t frame_capacity_;
};

// Settings that all recorders share; set before a second thread exists.
void set_mode(wire::Mode mode);
void set_unwinder(unwind::CaptureFunction capture);

// The calling thread's recorder. Never fails: a thread for which there is no space shares nothing
// and gets nullptr, its events are counted as lost.
ThreadRecorder* recorder(const bootstrap::RecordingScope& scope);

}  // namespace heapscribe::record
