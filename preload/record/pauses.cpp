#include "preload/record/pauses.h"

#include "preload/bootstrap/thread_state.h"
#include "preload/record/counting.h"
#include "preload/record/interruption.h"
#include "preload/record/thread_recorder.h"

namespace heapscribe::record {

using bootstrap::thread_state;
using wire::PauseEvent;
using wire::PauseTable;

constinit std::size_t timed_from = ~std::size_t{0};

namespace {

constexpr std::int64_t kNever = std::int64_t{1} << 62;
constexpr std::uint64_t kNanosecondsPerMicrosecond = 1000;

constinit std::atomic<std::uint64_t> threshold_ticks{0};  // 0 = the clock is not read
constinit std::uint64_t gap_ticks = 0;

std::uint64_t at_least_zero(std::uint64_t value, std::uint64_t less) {
  return value > less ? value - less : 0;
}

std::uint64_t threshold() {
  return threshold_ticks.load(std::memory_order_relaxed);
}

// The least of a few: an interrupt between the two readings says nothing about them.
std::uint64_t cost_of_two_readings() {
  std::uint64_t least = ~std::uint64_t{0};
  for (int i = 0; i < 16; ++i) {
    const std::uint64_t begin = ticks_now();
    const std::uint64_t ticks = ticks_now() - begin;
    if (ticks < least) least = ticks;
  }
  return least;
}

}  // namespace

void set_pauses(std::uint64_t threshold_ns, std::uint64_t ticks_per_us) {
  if (threshold_ns == 0 || ticks_per_us == 0) return;
  // Where every reading is caught by a hypervisor it would cost more than it tells.
  const std::uint64_t cost = cost_of_two_readings();
  if (cost > ticks_per_us) return session.header().clock_stopped_ns.store(1);
  const std::uint64_t ticks = threshold_ns * ticks_per_us / kNanosecondsPerMicrosecond;
  gap_ticks = wire::kStormGapNs * ticks_per_us / kNanosecondsPerMicrosecond;
  session.header().timer_ticks = cost;
  threshold_ticks.store(ticks != 0 ? ticks : 1, std::memory_order_relaxed);
  timed_from = wire::kLargeCall;
}

void stop_clock() {
  if (threshold_ticks.exchange(0, std::memory_order_relaxed) == 0) return;
  const std::uint64_t now = session.now();
  session.header().clock_stopped_ns.store(now != 0 ? now : 1, std::memory_order_relaxed);
}

bool clock_runs() {
  return threshold() != 0;
}

void PauseWatch::begin_thread(wire::CounterTable& table, std::uint32_t thread, std::uint64_t seed) {
  if (pauses_ != nullptr) close_storm();
  table_ = &table;
  thread_ = thread;
  random_ = seed | 1;
  unbroken_ = false;
  allocations_ = table.allocations.load(std::memory_order_relaxed);
}

PauseTable* PauseWatch::pauses() {
  if (pauses_ == nullptr) {
    pauses_ = static_cast<PauseTable*>(session.allocate(sizeof(PauseTable)));
    if (pauses_ != nullptr) table_->pauses.store(session.ref(pauses_), std::memory_order_release);
  }
  return pauses_;
}

std::uint32_t PauseWatch::next_random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return static_cast<std::uint32_t>(random_ >> 32);
}

// Distances are kLookEvery on average where only releases were seen last, from 8 to 24, and four
// times that elsewhere: a look costs 100 ns. Of the looks one in four is timed, or each: one call
// in kTimedEvery, either way.
Watch PauseWatch::begin(std::size_t size) {
  follow_wish();
  Watch watch;
  const bool runs = clock_runs();
  const bool large = size >= timed_from;
  if (large && runs) watch.stands_for = 1;
  if (thread_state.until_look >= 0) return watch;
  if (!runs) {
    thread_state.until_look = kNever;
    return watch;
  }
  static_assert(wire::kLookEvery == 16 && wire::kTimedEvery == 4 * wire::kLookEvery);
  const std::uint32_t random = next_random();
  const std::uint32_t distance = 8 + (random & 15) + (random >> 4 & 1);
  const unsigned sparse = unbroken_ ? 0 : 2;
  // Four times a number is even, and a program may allocate and release by turns.
  const std::uint32_t more = sparse != 0 ? random >> 12 & 3 : 0;
  const std::uint32_t less = sparse != 0 ? random >> 14 & 3 : 0;
  thread_state.until_look = std::int64_t{distance << sparse} + more - less - 1;
  watch.look = true;
  if (!large && (random >> 8 & (3 >> sparse)) == 0) watch.stands_for = wire::kTimedEvery;
  return watch;
}

// Storms -----------------------------------------------------------------------------------------

bool PauseWatch::only_releases(const wire::CounterTable& table) {
  const std::uint64_t now = table.allocations.load(std::memory_order_relaxed);
  const bool same = now == allocations_;
  allocations_ = now;
  if (!same) unbroken_ = false;
  return same;
}

bool PauseWatch::look_at_storm(const wire::CounterTable& table, std::uint64_t now, wire::Ref site) {
  if (pauses() == nullptr) return false;
  const std::uint64_t gap = at_least_zero(at_least_zero(now, last_), in_calls_);
  if (last_ == 0 || gap > gap_ticks) {
    const bool follows = close_storm() == Chain::Holds;
    open_storm(table, now, follows && unbroken_ && last_ != 0);
  } else {
    extend_storm(table, now);
  }
  meet(site);
  last_ = now;
  last_frees_ = table.frees.load(std::memory_order_relaxed);
  last_freed_ = table.freed_bytes.load(std::memory_order_relaxed);
  in_calls_ = 0;
  unbroken_ = true;
  return pauses_->open.ticks >= next_stack_;
}

// What a storm that goes on after a gap released meanwhile is its own.
void PauseWatch::open_storm(const wire::CounterTable& table, std::uint64_t now, bool continues) {
  frees_ = continues ? last_frees_ : table.frees.load(std::memory_order_relaxed);
  freed_bytes_ = continues ? last_freed_ : table.freed_bytes.load(std::memory_order_relaxed);
  pauses_->open = {.begin = now,
                   .ticks = 0,
                   .bytes = 0,
                   .blocks = 0,
                   .size = 0,
                   .stack = wire::kNoRef,
                   .other_stack = wire::kNoRef,
                   .thread = thread_,
                   .kind = wire::PauseKind::ReleaseStorm,
                   .what = 0,
                   .continues = static_cast<std::uint8_t>(continues ? 1 : 0),
                   .stands_for = 1,
                   .sites = {}};
  next_stack_ = threshold() / 2;
}

void PauseWatch::extend_storm(const wire::CounterTable& table, std::uint64_t now) {
  PauseEvent& open = pauses_->open;
  open.ticks = at_least_zero(now, open.begin);
  open.blocks = table.frees.load(std::memory_order_relaxed) - frees_;
  open.bytes = table.freed_bytes.load(std::memory_order_relaxed) - freed_bytes_;
}

// What follows a storm that was too short to be written follows that storm's predecessor, if it had
// one.
PauseWatch::Chain PauseWatch::close_storm() {
  PauseEvent& open = pauses_->open;
  const bool counts = open.ticks >= threshold() && open.ticks != 0;
  if (counts) write(open);
  open.ticks = 0;
  return counts || open.continues != 0 ? Chain::Holds : Chain::Broken;
}

// The first stack stays, the latest one takes the place of the one between.
void PauseWatch::note_storm_stack(wire::Ref stack) {
  PauseEvent& open = pauses_->open;
  next_stack_ = open.ticks * 2;
  (open.stack == wire::kNoRef ? open.stack : open.other_stack) = stack;
}

// A site that is met oftener than the rarest one here displaces it in time, and takes over its
// count: the counts add up to all looks.
void PauseWatch::meet(wire::Ref site) {
  wire::ReclaimedSite* rarest = nullptr;
  for (wire::ReclaimedSite& known : pauses_->open.sites) {
    if (known.row == site) {
      ++known.looks;
      return;
    }
    if (rarest == nullptr || known.looks < rarest->looks) rarest = &known;
  }
  rarest->row = site;
  ++rarest->looks;
}

// Calls ------------------------------------------------------------------------------------------

namespace {

void count(wire::LatencyCounters& counters, std::uint64_t ticks) {
  add(counters.calls, 1);
  add(counters.ticks, ticks);
  add(counters.buckets[wire::latency_bucket(ticks)], 1);
  if (ticks > counters.longest.load(std::memory_order_relaxed)) {
    counters.longest.store(ticks, std::memory_order_relaxed);
  }
}

std::uint64_t timer_ticks() {
  return session.header().timer_ticks;
}

}  // namespace

bool PauseWatch::count_call(wire::TimedCall call, const Watch& watch, const CallTimes& times) {
  if (pauses() == nullptr) return false;
  const auto index = static_cast<std::size_t>(call);
  const std::uint64_t ticks = at_least_zero(times.ticks(), timer_ticks());
  in_calls_ += times.ticks();
  if (watch.stands_for == 1) {
    count(pauses_->large[index], ticks);
  } else {
    count(pauses_->sampled[index], ticks);
    // Two of the four readings lie within, and one reading's worth beside.
    add(pauses_->sampled_own_ticks, at_least_zero(times.own_ticks(), 2 * timer_ticks()));
  }
  return clock_runs() && ticks >= threshold();
}

PauseEvent PauseWatch::event_of(wire::TimedCall call, const Watch& watch,
                                const CallTimes& times) const {
  return {.begin = times.begin,
          .ticks = at_least_zero(times.ticks(), timer_ticks()),
          .bytes = 0,
          .blocks = 0,
          .size = 0,
          .stack = wire::kNoRef,
          .other_stack = wire::kNoRef,
          .thread = thread_,
          .kind = wire::PauseKind::Stall,
          .what = static_cast<std::uint8_t>(call),
          .continues = 0,
          .stands_for = watch.stands_for,
          .sites = {}};
}

void PauseWatch::write(const PauseEvent& event) {
  wire::Ref ref = pauses_->ring.load(std::memory_order_relaxed);
  if (ref == wire::kNoRef) {
    const void* ring = session.allocate(sizeof(wire::PauseRing));
    if (ring == nullptr) return add(pauses_->lost, 1);
    ref = session.ref(ring);
    pauses_->ring.store(ref, std::memory_order_release);
  }
  const std::uint64_t head = pauses_->head.load(std::memory_order_relaxed);
  constexpr std::uint64_t kEvents = wire::PauseRing::kEvents;
  if (head - pauses_->tail.load(std::memory_order_acquire) >= kEvents) {
    return add(pauses_->lost, 1);
  }
  session.at<wire::PauseRing>(ref)->events[head % kEvents] = event;
  pauses_->head.store(head + 1, std::memory_order_release);
}

// Our own work -----------------------------------------------------------------------------------

void PauseWatch::note_own(wire::OwnCause cause, std::uint64_t begin,
                          std::uint64_t own_ticks_at_begin) {
  const std::uint64_t elapsed = at_least_zero(ticks_now(), begin);
  const std::uint64_t ticks = at_least_zero(elapsed, own_ticks_ - own_ticks_at_begin);
  own_ticks_ += ticks;
  if (table_ == nullptr) return;  // a thread for whose counters there was no space
  wire::OwnCounters& counters = table_->own[static_cast<std::size_t>(cause)];
  add(counters.times, 1);
  add(counters.ticks, ticks);
  if (!clock_runs() || ticks < threshold() || pauses() == nullptr) return;
  PauseEvent event{};
  event.begin = begin;
  event.ticks = ticks;
  event.thread = thread_;
  event.kind = wire::PauseKind::Own;
  event.what = static_cast<std::uint8_t>(cause);
  event.stands_for = 1;
  write(event);
}

OwnPause::OwnPause(wire::OwnCause cause) : cause_(cause), begin_(0), own_at_begin_(0) {
  if (!clock_runs()) return;
  if (const ThreadRecorder* mine = thread_state.recorder) own_at_begin_ = mine->own_pause_ticks();
  begin_ = ticks_now();
}

OwnPause::~OwnPause() {
  if (begin_ == 0) return;
  if (ThreadRecorder* mine = thread_state.recorder) mine->note_own(cause_, begin_, own_at_begin_);
}

}  // namespace heapscribe::record
