// What every hook does with an event: enter the scope, find the recorder, tell it.
//
// Everything here is inlined into the hook, whose frame tells where the program called it
// (unwind::caller_frame).
#pragma once

#include <cstddef>

#include "preload/bootstrap/process_phase.h"
#include "preload/bootstrap/real_functions.h"
#include "preload/census/census.h"
#include "preload/record/thread_recorder.h"

namespace heapscribe::hooks {

// Calls `event(recorder)` if this thread may record now; counts the loss if a signal handler
// interrupted our own code.
template <typename Event>
[[gnu::always_inline]] inline void with_recorder_in(const bootstrap::RecordingScope& scope,
                                                    Event event) {
  if (!scope) [[unlikely]]
    return record::session.lose(wire::Loss::NestedEvents);
  if (record::ThreadRecorder* recorder = record::recorder(scope)) [[likely]]
    event(*recorder);
}
template <typename Event>
[[gnu::always_inline]] inline void with_recorder(Event event) {
  const bootstrap::RecordingScope scope;
  with_recorder_in(scope, event);
}
// The same in a function that a hook calls; `caller` is the hook's.
template <typename Event>
[[gnu::always_inline]] inline void with_recorder(const unwind::Frame& caller, Event event) {
  const bootstrap::RecordingScope scope(caller.called_frame());
  with_recorder_in(scope, event);
}

// The row of the site that is about to allocate; nullptr if it cannot be recorded.
[[gnu::always_inline]] inline wire::SiteRow* find_site(wire::CallKind kind,
                                                       const unwind::Frame& caller) {
  wire::SiteRow* site = nullptr;
  with_recorder([&](record::ThreadRecorder& recorder) { site = recorder.site(kind, caller); });
  return site;
}

// The allocator is asked outside of the scope: it may allocate for itself.
[[gnu::always_inline]] inline std::size_t usable_size(void* block) {
  return bootstrap::real.malloc_usable_size(block);
}

// What the allocator gave for a site; nullptr = it refused.
[[gnu::always_inline]] inline void record_allocation(wire::SiteRow* site, void* block,
                                                     std::size_t requested) {
  if (site == nullptr) [[unlikely]]
    return;
  const std::size_t usable = block != nullptr ? usable_size(block) : 0;
  with_recorder([&](record::ThreadRecorder& recorder) {
    if (block == nullptr) return recorder.call_failed();
    recorder.allocated(*site, block, requested, usable);
  });
}

// Pauses
// -----------------------------------------------------------------------------------------
//
// Which calls are timed or looked at, see record/pauses.h; all others pay one countdown and one
// comparison. The watched ones go through functions of their own.

[[gnu::always_inline]] inline bool call_is_watched(std::size_t size) {
  return --bootstrap::thread_state.until_look < 0 ||
         size >= record::session.header().watch.allocations.load(std::memory_order_relaxed);
}
// Where releases are to be recorded with their stacks, every one goes through its own function.
[[gnu::always_inline]] inline bool release_is_watched(std::size_t size) {
  return --bootstrap::thread_state.until_look < 0 ||
         size >= record::session.header().watch.releases.load(std::memory_order_relaxed);
}

inline std::uint64_t ticks_if(bool timed) {
  return timed ? record::ticks_now() : 0;
}

// Who hears of a call that fails: where somebody tries again for the same request, only the last.
enum class Failure : std::uint8_t { Counts, IsTriedAgain };

// Makes a block of a site by `call`, watched.
template <typename Call>
[[gnu::noinline]] void* allocate_watched(std::size_t requested, wire::CallKind kind,
                                         unwind::Frame caller, Call call,
                                         Failure failure = Failure::Counts) {
  if (census::is_census_asked()) [[unlikely]]
    census::take_asked_census();
  record::TimedWork work{
      .call = wire::TimedCall::Allocate, .watch = {}, .times = {}, .size = requested};
  wire::SiteRow* site = nullptr;
  record::BudgetedCall budgeted;
  with_recorder(caller, [&](record::ThreadRecorder& recorder) {
    work.watch = recorder.begin_watch(requested);
    work.times.hook_begin = ticks_if(work.timed());
    site = recorder.site(kind, caller);
    recorder.ask_budget(budgeted, site, requested, 0);
  });
  const bool timed = work.timed();
  work.times.begin = ticks_if(timed);
  void* block = budgeted.may_go_on() ? call() : nullptr;
  work.times.end = ticks_if(timed);
  if (site != nullptr) {
    const std::size_t usable = block != nullptr ? usable_size(block) : 0;
    with_recorder(caller, [&](record::ThreadRecorder& recorder) {
      if (block != nullptr) return recorder.allocated(*site, block, requested, usable);
      if (failure == Failure::Counts) recorder.call_failed(budgeted);
    });
  }
  budgeted.done(block != nullptr);
  if (!timed || site == nullptr) return block;
  work.times.hook_end = record::ticks_now();
  with_recorder(caller, [&](record::ThreadRecorder& recorder) { recorder.note_call(work, *site); });
  return block;
}

// Hands the block back by `give_back`, recorded around it, watched.
template <typename GiveBack>
[[gnu::noinline]] void release_watched(void* block, std::size_t usable, unwind::Frame caller,
                                       GiveBack give_back) {
  record::TimedWork work{
      .call = wire::TimedCall::Free, .watch = {}, .times = {}, .size = 0, .blocks = 1};
  record::BlockRecord record{};
  bool taken = false;
  with_recorder(caller, [&](record::ThreadRecorder& recorder) {
    work.watch = recorder.begin_watch(usable);
    work.times.hook_begin = ticks_if(work.timed());
    record = recorder.take(block, usable);
    recorder.trace_release(block);
    taken = true;
  });
  const bool timed = work.timed();
  if (record::free_stacks_wanted) {
    with_recorder(caller, [&](record::ThreadRecorder& recorder) {
      recorder.note_release_stack(record, caller);
    });
  }
  work.times.begin = ticks_if(timed);
  give_back();
  work.times.end = ticks_if(timed);
  if (!taken) return;
  with_recorder(caller, [&](record::ThreadRecorder& recorder) {
    recorder.released(record, block);
    work.times.hook_end = ticks_if(timed);
    work.bytes = record.size;
    if (timed) recorder.note_call(work, caller);
    if (work.watch.look) recorder.look_at_releases(record, caller);
  });
  // Last: whoever gets it is recorded later than this.
  if (record::budget_is_set()) record::give_back_to_budget(record.size);
  if (census::is_census_asked()) [[unlikely]]
    census::take_asked_census();
}

// Hands the block back by `give_back`, recorded around it.
template <typename GiveBack>
[[gnu::always_inline]] inline void record_release(void* block, GiveBack give_back) {
  record::BlockRecord record{};
  bool taken = false;
  const std::size_t usable = usable_size(block);
  if (release_is_watched(usable)) [[unlikely]]
    return release_watched(block, usable, unwind::caller_frame(), give_back);
  with_recorder([&](record::ThreadRecorder& recorder) {
    record = recorder.take(block, usable);
    recorder.trace_release(block);
    taken = true;
  });
  give_back();
  if (taken) [[likely]]
    with_recorder([&](record::ThreadRecorder& recorder) { recorder.released(record, block); });
}

}  // namespace heapscribe::hooks
