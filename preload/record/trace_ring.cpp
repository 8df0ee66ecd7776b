#include "preload/record/trace_ring.h"

#include <ctime>

#include "preload/platform/kernel.h"
#include "preload/record/pauses.h"

namespace heapscribe::record {

constinit wire::TracePolicy trace_policy = wire::TracePolicy::Off;
constinit std::atomic<std::uint64_t> last_event_number{0};

namespace {

constexpr std::uint64_t kGrowth = 16;
constexpr std::uint64_t kWordBytes = sizeof(std::uint64_t);
// All rings together, but every thread gets its first one.
constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20;

constinit std::uint64_t largest_ring = wire::kLargestTraceRing;
constinit std::atomic<std::uint64_t> ring_bytes{0};

// Waiting: so many rounds of so long, about two seconds, without any progress.
constexpr long kRoundNs = 100'000;
constexpr int kPauses = 5'000;
constexpr int kPatience = 10'000;

// The collector's progress when a thread last gave up waiting for it; kNever = not yet.
constexpr std::uint64_t kNever = ~std::uint64_t{0};
constinit std::atomic<std::uint64_t> gave_up_at{kNever};

std::uint64_t collectors_progress() {
  return session.header().trace_progress.load(std::memory_order_relaxed);
}

// Where a filter might forbid the call, the processor is kept busy instead.
void rest() {
  if (session.is_restricted()) {
    for (int pause = 0; pause < kPauses; ++pause) __builtin_ia32_pause();
    return;
  }
  const timespec round{0, kRoundNs};
  platform::system_call(SYS_nanosleep, platform::as_argument(&round), 0);
}

void end_trace(std::uint64_t number) {
  wire::SessionHeader& header = session.header();
  std::uint32_t no = 0;
  if (!header.trace_ended.compare_exchange_strong(no, 1, std::memory_order_relaxed)) return;
  header.trace_end_ns.store(session.now(), std::memory_order_relaxed);
  header.trace_end_number.store(number, std::memory_order_relaxed);
}

}  // namespace

void set_tracing(wire::TracePolicy policy, std::uint64_t largest) {
  trace_policy = policy;
  largest_ring = wire::kSmallestTraceRing;
  while (largest_ring <= largest / 2 && largest_ring < wire::kLargestTraceRing) largest_ring *= 2;
}

bool TraceRing::has_room() {
  if (ring_ == nullptr) return false;
  limit_ = ring_->tail.load(std::memory_order_acquire) + mask_ + 1;
  return limit_ - head_ >= kRoom;
}

[[gnu::noinline]] bool TraceRing::make_room() {
  if (has_room() || grow()) return true;
  return ring_ != nullptr && trace_policy == wire::TracePolicy::Block && wait_for_collector();
}

bool TraceRing::grow() {
  const std::uint64_t wanted =
      ring_ == nullptr ? wire::kFirstTraceRing : (mask_ + 1) * kWordBytes * kGrowth;
  const std::uint64_t bytes = wanted < largest_ring ? wanted : largest_ring;
  if (ring_ != nullptr) {
    if (bytes <= (mask_ + 1) * kWordBytes) return false;
    if (ring_bytes.load(std::memory_order_relaxed) + bytes > kMostBytes) return false;
  }
  auto* ring = static_cast<wire::TraceRing*>(session.allocate(sizeof(wire::TraceRing) + bytes));
  if (ring == nullptr) return false;
  ring_bytes.fetch_add(bytes, std::memory_order_relaxed);
  ring->capacity = bytes / kWordBytes;
  std::atomic<wire::Ref>& link = ring_ != nullptr ? ring_->next : *first_;
  if (in_gap_) {
    ring->lost_first.store(ring_->lost_first.load(std::memory_order_relaxed));
    ring->lost_last.store(ring_->lost_last.load(std::memory_order_relaxed));
  }
  ring_ = ring;
  words_ = reinterpret_cast<std::atomic<std::uint64_t>*>(ring + 1);
  mask_ = ring->capacity - 1;
  head_ = 0;
  limit_ = ring->capacity;
  link.store(session.ref(ring), std::memory_order_release);
  return true;
}

bool TraceRing::wait_for_collector() {
  const OwnPause pause(wire::OwnCause::TraceWait);
  std::uint64_t progress = collectors_progress();
  if (progress == gave_up_at.load(std::memory_order_relaxed)) return has_room();
  for (int round = 0; round < kPatience; ++round) {
    rest();
    if (has_room()) return true;
    const std::uint64_t now = collectors_progress();
    if (now != progress) round = 0;
    progress = now;
  }
  gave_up_at.store(progress, std::memory_order_relaxed);
  return false;
}

void TraceRing::note_circumstances(std::uint64_t now) {
  if (in_gap_) {
    push(wire::TraceKind::Gap, ring_->lost_first.load(std::memory_order_relaxed));
    push_word(ring_->lost_last.load(std::memory_order_relaxed));
    push_word(lost_);
    in_gap_ = false;
  }
  if (!thread_noted_) {
    push(wire::TraceKind::Thread, thread_);
    thread_noted_ = true;
  }
  if (now != noted_ns_) {
    push(wire::TraceKind::Time, now);
    noted_ns_ = now;
  }
}

[[gnu::noinline]] bool TraceRing::miss(std::uint64_t number) {
  if (trace_policy == wire::TracePolicy::Degrade) end_trace(number);
  ++lost_;
  if (ring_ == nullptr) return false;
  if (!in_gap_) ring_->lost_first.store(number, std::memory_order_relaxed);
  ring_->lost_last.store(number, std::memory_order_relaxed);
  in_gap_ = true;
  return false;
}

}  // namespace heapscribe::record
