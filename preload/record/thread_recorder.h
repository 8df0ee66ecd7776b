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
#include "preload/record/budget.h"
#include "preload/record/pauses.h"
#include "preload/record/release_rows.h"
#include "preload/record/sampling.h"
#include "preload/record/sections.h"
#include "preload/record/session.h"
#include "preload/record/stack_table.h"
#include "preload/record/trace_ring.h"
#include "preload/unwind/remembered_stack.h"

namespace heapscribe::record {

// A timed call of the allocator.
struct TimedWork {
  wire::TimedCall call{};
  Watch watch{};
  CallTimes times{};
  std::uint64_t size = 0;               // asked for
  std::uint64_t bytes = 0, blocks = 0;  // reclaimed
  bool timed() const { return watch.stands_for != 0; }
};

class ThreadRecorder {
 public:
  // For `usable` see LiveBlocks.

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

  // Where that happens; call after take(), if free_stacks_wanted.
  void note_release_stack(const BlockRecord& record, const unwind::Frame& caller);

  // realloc: take and site before the real call, then one of these.
  void resized(wire::SiteRow& site, BlockRecord old, const void* block, std::size_t requested,
               std::size_t usable);
  void not_resized(BlockRecord old, const void* block, std::size_t usable);
  void released_by_resize(wire::SiteRow& site, BlockRecord old);

  // Puts a call to the budget, if there is one; as BudgetedCall::ask.
  void ask_budget(BudgetedCall& call, const wire::SiteRow* site, std::size_t requested,
                  std::uint64_t replaced, bool may_refuse = true) const {
    if (!budget_is_set() || site == nullptr) [[likely]]
      return;
    call.ask(*site, thread_number_, requested, replaced, may_refuse);
  }

  void call_failed();
  void call_failed(const BudgetedCall& call) {
    call_failed();
    call.count_refusal();
  }

  // For the full trace; without one they do nothing. Call trace_release with the taking, before the
  // allocator gets the block back, and begin_traced_resize likewise: its result goes to the other.
  void trace_release(const void* block) {
    if (is_tracing()) [[unlikely]]
      write_release(block);
  }
  std::uint64_t begin_traced_resize() {
    return is_tracing() && !trace_has_ended() ? next_event_number() : 0;
  }
  void trace_resize(const wire::SiteRow& site, std::uint64_t begun, const void* old,
                    const void* block, std::size_t requested) {
    if (is_tracing()) [[unlikely]]
      write_resize(site, begun, old, block, requested);
  }
  void trace_release_by_resize(std::uint64_t begun, const void* block);

  // Pauses, see pauses.h. A look at a release comes after released().
  Watch begin_watch(std::size_t size) { return pauses_.begin(size); }
  void note_call(const TimedWork& work, const wire::SiteRow& site);
  void note_call(const TimedWork& work, const unwind::Frame& caller);
  void look_at_releases(const BlockRecord& released, const unwind::Frame& caller);
  // glibc's struct pthread of the thread that owns this.
  std::uintptr_t descriptor() const { return descriptor_; }
  bool has_left_own_stack() const { return stack_.has_left_own_stack(); }

  std::uint64_t own_pause_ticks() const { return pauses_.own_ticks(); }
  void note_own(wire::OwnCause cause, std::uint64_t begin, std::uint64_t own_ticks_at_begin) {
    pauses_.note_own(cause, begin, own_ticks_at_begin);
  }

  // Sections: what is allocated from now on belongs to one. enter() gives what leave() wants back;
  // an entry without a section if it cannot be noted, and leaving that does nothing. What was
  // entered since and not left is left with it.
  SectionEntry enter(SectionNumber section);
  bool leave(const SectionEntry& entry);  // false: it is not the thread's, or was left
  SectionNumber section() const { return section_; }
  void lose(wire::Loss loss);

  // Of the present thread alone.
  struct Totals {
    std::uint64_t allocations = 0, bytes = 0, frees = 0, freed_bytes = 0;
  };
  Totals totals() const;
  std::uint32_t thread_number() const { return thread_number_; }

  // An allocation while recording is interrupted; also outside of a scope.
  void allocation_unrecorded() { add_at_once(table_->unrecorded, 1); }

  // Mode::Sample. A block that need not be recorded is counted and otherwise left alone; this may
  // be done outside of a scope.
  bool sample_is_due(std::size_t requested) const { return sampler_.is_due(requested); }
  void passed_by(std::size_t requested) {
    sampler_.pass(requested);
    add_at_once(table_->allocations, 1);
    add_at_once(table_->allocated_bytes, requested);
  }
  void release_passed_by() { add_at_once(table_->frees, 1); }
  void resize_passed_by() { add_at_once(table_->reallocations, 1); }
  // A block of the pool that is recorded, and its release.
  void sampled(wire::SiteRow& site, void* block, std::size_t requested, std::size_t usable);
  void sample_released(void* block);
  static bool is_sample(const void* block);

 private:
  friend ThreadRecorder* adopt_or_create_recorder();

  void begin_thread(const wire::ThreadRecord& thread);
  void stand_in(SectionNumber section);
  bool has_open(const SectionEntry& entry) const;
  Totals table_totals() const;
  const unwind::Stack& capture(const unwind::Frame& caller);
  wire::Ref intern_stack(const unwind::Frame& caller);
  void write_stall(const TimedWork& work, wire::Ref stack);
  wire::SiteRow* find_row(std::uint64_t key, wire::CallKind kind, const unwind::Stack* stack,
                          const wire::SiteRow* other);
  wire::SiteRow* add_row(std::uint64_t key, wire::CallKind kind, const unwind::Stack* stack,
                         const wire::SiteRow* other);
  wire::SiteRow* row_without_stack(wire::CallKind kind);
  wire::SiteRow* own_row(wire::SiteRow* row);
  bool grow_rows();
  void enter_block(wire::SiteRow& row, const void* block, std::size_t requested,
                   std::size_t usable);
  void count_allocation(wire::SiteRow& row, std::size_t requested, std::size_t usable);
  void count_free(wire::SiteRow& row, std::uint64_t size);
  wire::SiteRow* count_release(BlockRecord record);
  void count_release_by(const wire::SiteRow& site, const BlockRecord& old);
  void add_live_bytes(std::int64_t bytes);
  template <typename... Words>
  void write_event(wire::TraceKind kind, std::uint64_t number, Words... words);
  bool missed_after_end();
  void write_allocation(const wire::SiteRow& site, const void* block, std::size_t requested);
  void write_release(const void* block);
  void write_resize(const wire::SiteRow& site, std::uint64_t begun, const void* old,
                    const void* block, std::size_t requested);

  // In one instruction, so that a signal handler's own count is not lost.
  static void add_at_once(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
    asm volatile("addq %1, %0" : "+m"(counter) : "er"(amount) : "cc");
  }
  wire::SampleRow* sample_row(const wire::SiteRow& row) const;

  wire::CounterTable* table_;
  Sampler sampler_;
  wire::SiteRow* rows_;       // of the newest RowBlock
  std::uint32_t mask_;        // its capacity - 1
  std::uint32_t used_;        // rows in it
  wire::SiteRow* stackless_;  // counts the events for which no row could be made
  std::int64_t held_back_;    // live bytes not yet added to the process, see peak.h
  std::uint64_t
      last_block_;  // most recent allocation of this thread: freeing it next is "temporary"
  wire::Ref table_ref_;
  wire::SiteRow* counts_[wire::kCallKinds];  // the rows of Mode::Counts
  std::uint64_t keys_[wire::kCallKinds];     // tells rows of one stack apart: kind and section
  SectionNumber section_;
  std::uint32_t depth_;          // entries of sections that were not left
  std::uint32_t thread_number_;  // of the present thread
  Totals before_;                // what the table's earlier threads did
  TraceRing trace_;
  ReleaseRows releases_;
  PauseWatch pauses_;
  unwind::RememberedStack stack_;
  std::uintptr_t descriptor_;
  struct OpenEntry {
    std::uint16_t mark, around;
  };
  OpenEntry open_[SectionEntry::kShallow];
  std::uint32_t last_mark_;
};

// Settings that all recorders share; set before a second thread exists.
void set_mode(wire::Mode mode);
// How stacks are captured: by `anew` every time, or by rules with memory, where `anew` takes over
// for exotic frames; nullptr = such stacks are truncated.
void set_unwinder(bool by_rules, unwind::CaptureFunction anew);

// The calling thread's recorder. Never fails: a thread for which there is no space shares nothing
// and gets nullptr, its events are counted as lost.
ThreadRecorder* recorder(const bootstrap::RecordingScope& scope);

// That of a living thread by the kernel's number; nullptr if it has none.
const ThreadRecorder* recorder_of(std::uint32_t thread);

}  // namespace heapscribe::record
