#include "preload/collector/trace_rings.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace heapscribe::collector {
namespace {

using wire::TraceKind;
using wire::TraceRing;

// A chunk is closed after a second, so that little is lost with us, and when all open ones together
// grow too large.
constexpr std::uint64_t kLongestOpen = 1'000'000'000;
constexpr std::size_t kMostOpenBytes = std::size_t{64} << 20;

std::uint64_t address_of(std::uint64_t word) {
  return word % capture::kTraceAddressEnd;
}

unsigned mark_of(const TraceRing& ring) {
  return load(ring.marks[1].tail) == load(ring.tail) && load(ring.marks[0].tail) != load(ring.tail)
             ? 1
             : 0;
}

std::uint64_t untraced(const wire::CounterTable& table) {
  return load(table.losses[static_cast<std::size_t>(wire::Loss::UntracedEvents)]);
}

}  // namespace

TraceRings::Pass TraceRings::read(TraceDepth depth, const Sink& sink) {
  find_tables();
  Pass pass;
  std::size_t open_bytes = 0;
  const std::uint64_t now = load(view_.header().now_ns);
  for (Chain& chain : chains_) {
    if (chain.ring == wire::kNoRef) begin(chain);
    read_chain(chain, depth, sink, pass);
    if (depth == TraceDepth::Everything) read_last_gap(chain);
    const bool old = now > chain.open_since + kLongestOpen;
    if (old || depth == TraceDepth::Everything) seal(chain, sink);
    open_bytes += chain.encoder.bytes();
  }
  if (open_bytes > kMostOpenBytes) {
    for (Chain& chain : chains_) seal(chain, sink);
  }
  if (pass.any && !writable_.empty()) {
    auto& header = *reinterpret_cast<wire::SessionHeader*>(writable_.data());
    header.trace_progress.store(load(header.trace_progress) + 1, std::memory_order_relaxed);
  }
  return pass;
}

void TraceRings::find_tables() {
  const RefList fresh = view_.tables(newest_table_);
  for (const wire::Ref ref : fresh.refs) {
    if (known_tables_.insert(ref).second) chains_.emplace_back().table = ref;
  }
  if (fresh.complete && !fresh.refs.empty()) newest_table_ = fresh.refs.front();
}

void TraceRings::begin(Chain& chain) {
  const wire::Ref first = view_.table(chain.table)->trace.load(std::memory_order_acquire);
  if (first == wire::kNoRef || !enter(chain, first)) return;
  if (resumed_) note_lost_with_collector(chain);
}

// False if the ring cannot be read yet.
bool TraceRings::enter(Chain& chain, wire::Ref ref) {
  const TraceRing* ring = view_.trace_ring(ref).ring;
  if (ring == nullptr) return false;
  chain.ring = ref;
  chain.tail = load(ring->tail);
  chain.mark = mark_of(*ring);
  const wire::TraceMark& mark = ring->marks[chain.mark];
  chain.taken = load(mark.events);
  if (chain.tail == 0) return true;  // thread and time go on
  chain.thread = load(mark.thread);
  chain.ns = load(mark.ns);
  chain.lost_seen = load(mark.lost);
  return true;
}

void TraceRings::note_lost_with_collector(Chain& chain) {
  std::uint64_t taken = 0;
  std::uint64_t lost = 0;  // in gaps that were taken; threads have counted those
  std::size_t capacity = 0;
  for (TraceRingView view = view_.trace_ring(chain.ring); view.words.size() > capacity;
       view = view_.trace_ring(view.ring->next.load(std::memory_order_acquire))) {
    const wire::TraceMark& mark = view.ring->marks[mark_of(*view.ring)];
    taken += load(mark.events);
    lost = std::max(lost, load(mark.lost));
    capacity = view.words.size();
    if (load(mark.thread) != 0) chain.thread = load(mark.thread);
  }
  const capture::TraceStore::Stored stored = stored_[chain.table];
  const std::uint64_t events = taken - std::min(taken, stored.events);
  const std::uint64_t gaps = lost - std::min(lost, stored.lost);
  if (events + gaps == 0) return;
  const std::uint64_t number = stored.last_number + 1;
  lost_here_ += events;
  add(chain, {.kind = TraceKind::Gap,
              .number = number,
              .ns = chain.ns,
              .last = number,
              .lost = events + gaps});
}

void TraceRings::read_chain(Chain& chain, TraceDepth depth, const Sink& sink, Pass& pass) {
  while (!chain.broken) {
    const auto [ring, words] = view_.trace_ring(chain.ring);
    if (ring == nullptr) return;
    // In this order: what precedes a successor is complete.
    const wire::Ref next = ring->next.load(std::memory_order_acquire);
    const std::uint64_t head = ring->head.load(std::memory_order_acquire);
    const std::uint64_t filled = head - chain.tail;
    if (filled > words.size()) return give_up(chain);
    const bool all = depth == TraceDepth::Everything || next != wire::kNoRef;
    if (filled > 0 && (all || filled >= words.size() / 8)) {
      pass.any = true;
      pass.pressed = pass.pressed || filled > words.size() / 4;
      read_records(chain, words, head, sink);
      give_back(chain);
    }
    if (next == wire::kNoRef || chain.broken) return;
    const std::size_t larger = view_.trace_ring(next).words.size();
    if (larger == 0) return;
    if (larger <= words.size()) return give_up(chain);
    enter(chain, next);
  }
}

void TraceRings::read_records(Chain& chain, TraceWords words, std::uint64_t head,
                              const Sink& sink) {
  const std::uint64_t mask = words.size() - 1;
  while (chain.tail != head) {
    const std::uint64_t first = load(words[chain.tail & mask]);
    const std::uint64_t length = wire::trace_record_words(first);
    if (length == 0 || length > head - chain.tail) return give_up(chain);
    const auto word = [&](std::uint64_t index) { return load(words[(chain.tail + index) & mask]); };
    const std::uint64_t value = first >> wire::kTraceKindBits;
    capture::TraceRecord record{.kind = static_cast<TraceKind>(first & wire::kTraceKindMask),
                                .number = value,
                                .ns = chain.ns};
    switch (record.kind) {
      case TraceKind::Time:
        chain.ns = value;
        break;
      case TraceKind::Thread:
        seal(chain, sink);
        chain.thread = value;
        break;
      case TraceKind::Gap:
        record.last = std::max(word(1), value);
        record.lost = word(2) - chain.lost_seen;
        chain.lost_seen = word(2);
        add(chain, record);
        break;
      case TraceKind::Release:
        record.address = address_of(word(1));
        add(chain, record);
        break;
      case TraceKind::Resize:
        record.old_address = address_of(word(4));
        record.begun = word(5);
        [[fallthrough]];
      case TraceKind::Allocation:
        record.address = address_of(word(1));
        record.size = word(2);
        record.row = static_cast<wire::Ref>(word(3));
        add(chain, record);
        break;
    }
    chain.tail += length;
    if (chain.encoder.records() >= capture::kTraceChunkRecords) seal(chain, sink);
  }
}

// What a thread lost and could not mark any more.
void TraceRings::read_last_gap(Chain& chain) {
  const wire::CounterTable& table = *view_.table(chain.table);
  const std::uint64_t lost = untraced(table);
  if (lost <= chain.lost_seen) return;
  const TraceRing* ring = view_.trace_ring(chain.ring).ring;
  const wire::ThreadRecord* owner = view_.thread(table.owner.load(std::memory_order_relaxed));
  if (chain.thread == 0 && owner != nullptr) chain.thread = owner->number;
  const std::uint64_t end = load(view_.header().trace_end_number);
  const std::uint64_t first = ring != nullptr ? load(ring->lost_first) : end;
  const std::uint64_t last = ring != nullptr ? load(ring->lost_last) : end;
  add(chain, {.kind = TraceKind::Gap,
              .number = first,
              .ns = std::max(chain.ns, load(view_.header().trace_end_ns)),
              .last = std::max(first, last),
              .lost = lost - chain.lost_seen});
  chain.lost_seen = lost;
}

void TraceRings::give_back(Chain& chain) {
  if (writable_.empty()) return;
  auto& ring =
      *reinterpret_cast<TraceRing*>(writable_.data() + std::size_t{chain.ring} * wire::kUnit);
  chain.mark ^= 1;
  wire::TraceMark& mark = ring.marks[chain.mark];
  // Void, should we die before the rest is written. No fence keeps the order, since the thread
  // sanitizer does not know fences.
  mark.tail.store(~std::uint64_t{0}, std::memory_order_relaxed);
  mark.events.store(chain.taken, std::memory_order_release);
  mark.thread.store(chain.thread, std::memory_order_release);
  mark.ns.store(chain.ns, std::memory_order_release);
  mark.lost.store(chain.lost_seen, std::memory_order_release);
  mark.tail.store(chain.tail, std::memory_order_release);
  ring.tail.store(chain.tail, std::memory_order_release);
}

// The ring was scribbled over. How many events are gone cannot be known: at least one.
void TraceRings::give_up(Chain& chain) {
  chain.broken = true;
  ++lost_here_;
  add(chain, {.kind = TraceKind::Gap,
              .number = chain.number,
              .ns = chain.ns,
              .last = chain.number,
              .lost = 1});
}

void TraceRings::add(Chain& chain, const capture::TraceRecord& record) {
  if (chain.encoder.records() == 0) chain.open_since = load(view_.header().now_ns);
  if (record.kind != TraceKind::Gap) ++chain.taken;
  chain.number = record.number;
  chain.encoder.add(record);
}

// What a chunk holds is taken before the chunk can be written, or it might be found twice.
void TraceRings::seal(Chain& chain, const Sink& sink) {
  if (chain.encoder.records() == 0) return;
  if (chain.ring != wire::kNoRef) give_back(chain);
  capture::TraceChunk chunk = chain.encoder.finish();
  chunk.thread = static_cast<std::uint32_t>(chain.thread);
  chunk.source = chain.table;
  sink(std::move(chunk));
}

}  // namespace heapscribe::collector
