#include "preload/collector/pause_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "preload/collector/tick_scale.h"

namespace heapscribe::collector {
namespace {

// So many events are listed; beyond that they are counted.
constexpr std::uint64_t kMostEvents = 200'000;

std::uint64_t to_ns(std::uint64_t ticks, double scale) {
  constexpr double kLongest = 1e18;
  return static_cast<std::uint64_t>(
      std::llround(std::min(static_cast<double>(ticks) * scale, kLongest)));
}

// As schema.sql has them.
std::string_view text_of(wire::PauseKind kind) {
  switch (kind) {
    case wire::PauseKind::Stall:
      return "stall";
    case wire::PauseKind::ReleaseStorm:
      return "release_storm";
    case wire::PauseKind::Own:
      return "profiler";
  }
  return "";
}
constexpr std::array<std::string_view, wire::kTimedCalls> kCallTexts = {"malloc", "free",
                                                                        "realloc"};
constexpr std::array<std::string_view, wire::kOwnCauses> kCauseTexts = {
    "thread_start", "new_stack", "modules", "trace_wait", "block_table", "leak_check"};

std::optional<std::string_view> cause_of(const wire::PauseEvent& event) {
  if (event.kind == wire::PauseKind::ReleaseStorm) return "";
  if (event.kind == wire::PauseKind::Stall && event.what < kCallTexts.size()) {
    return kCallTexts[event.what];
  }
  if (event.kind == wire::PauseKind::Own && event.what < kCauseTexts.size()) {
    return kCauseTexts[event.what];
  }
  return std::nullopt;
}

// Of all threads.
struct Totals {
  explicit Totals(double its_scale) : scale(its_scale) {
    for (const std::string_view call : kCallTexts) {
      for (const bool sampled : {false, true}) {
        capture::LatencyRow& row = calls.emplace_back();
        row.call = call;
        row.sampled = sampled;
        for (std::size_t bucket = 0; bucket < wire::kLatencyBuckets; ++bucket) {
          row.buckets.push_back({to_ns(wire::latency_bucket_lower(bucket), scale), 0});
        }
      }
    }
    for (const std::string_view cause : kCauseTexts) own.push_back({cause, 0, 0});
  }

  void add(const wire::CounterTable& table) {
    for (std::size_t cause = 0; cause < own.size(); ++cause) {
      own[cause].times += load(table.own[cause].times);
      own[cause].ns += to_ns(load(table.own[cause].ticks), scale);
    }
  }
  void add(const wire::PauseTable& table) {
    lost += load(table.lost);
    own_ticks += load(table.sampled_own_ticks);
    for (std::size_t call = 0; call < wire::kTimedCalls; ++call) {
      add(calls[2 * call], table.large[call]);
      add(calls[2 * call + 1], table.sampled[call]);
    }
  }
  void add(capture::LatencyRow& row, const wire::LatencyCounters& counters) const {
    row.calls += load(counters.calls);
    row.ns += to_ns(load(counters.ticks), scale);
    row.longest_ns = std::max(row.longest_ns, to_ns(load(counters.longest), scale));
    for (std::size_t bucket = 0; bucket < row.buckets.size(); ++bucket) {
      row.buckets[bucket].calls += load(counters.buckets[bucket]);
    }
  }

  double scale;
  std::vector<capture::LatencyRow> calls;  // for each call the large ones, then the sample
  std::vector<capture::OwnTimeRow> own;
  std::uint64_t lost = 0, own_ticks = 0;
};

}  // namespace

bool PauseReader::pressed() const {
  for (const auto& [ref, place] : places_) {
    const wire::PauseTable* table = view_.pause_table(ref);
    if (table != nullptr && load(table->head) - place.safe > wire::PauseRing::kEvents / 2) {
      return true;
    }
  }
  return false;
}

void PauseReader::collect(Patience patience) {
  const wire::SessionHeader& header = view_.header();
  if (header.pause_threshold_ns == 0) return;
  const std::uint64_t threshold_ticks = header.pause_threshold_ns * header.ticks_per_us / 1000;
  for (const wire::Ref owner : view_.tables().refs) {
    const wire::Ref ref = view_.table(owner)->pauses.load(std::memory_order_acquire);
    const wire::PauseTable* table = view_.pause_table(ref);
    if (table == nullptr) continue;
    const auto [entry, is_new] = places_.try_emplace(ref);
    Place& place = entry->second;
    if (is_new) place.safe = place.taken = load(table->tail);
    const std::uint64_t head = table->head.load(std::memory_order_acquire);
    const wire::PauseRing* ring = view_.pause_ring(table->ring.load(std::memory_order_acquire));
    constexpr std::uint64_t kEvents = wire::PauseRing::kEvents;
    if (head - place.taken > kEvents) place.taken = head - kEvents;  // scribbled over
    while (ring != nullptr && place.taken < head &&
           take(ref, place.taken, ring->events[place.taken % kEvents], patience)) {
      ++place.taken;
    }
    const bool is_open = table->open.ticks >= std::max<std::uint64_t>(threshold_ticks, 1);
    if (patience == Patience::Over && is_open) take(ref, head, table->open, patience);
  }
}

// False: not yet, since its modules are not listed.
bool PauseReader::take(wire::Ref source, std::uint64_t number, const wire::PauseEvent& event,
                       Patience patience) {
  const auto cause = cause_of(event);
  if (!cause) return true;
  if (stored_ + rows_.size() >= kMostEvents) {
    ++unlisted_;
    return true;
  }
  const auto stack = reader_.stack_of(event.stack, patience);
  if (!stack) return false;
  capture::PauseRow row{.source = source, .number = number};
  row.stack = *stack;
  if (event.other_stack != wire::kNoRef) {
    const auto other = reader_.stack_of(event.other_stack, patience);
    if (!other) return false;
    if (*other != 0) row.stack = writer_.common_stack(row.stack, *other);
  }
  const wire::SessionHeader& header = view_.header();
  const double scale = nanoseconds_per_tick(header.tick_start, header.start_monotonic_ns);
  const std::uint64_t since = event.begin > header.tick_start ? event.begin - header.tick_start : 0;
  row.kind = text_of(event.kind);
  row.cause = *cause;
  row.start_ns = to_ns(since, scale);
  row.duration_ns = to_ns(event.ticks, scale);
  row.thread = event.thread;
  row.bytes = event.bytes;
  row.blocks = event.blocks;
  row.size = event.size;
  row.stands_for = event.stands_for;
  row.continues = event.continues != 0;
  for (const wire::ReclaimedSite& part : event.sites) {
    if (part.row == wire::kNoRef || part.looks == 0) continue;
    if (const auto site = reader_.site_of(part.row, Patience::Over)) {
      row.sites.emplace_back(*site, part.looks);
    }
  }
  rows_.push_back(std::move(row));
  return true;
}

void PauseReader::write() {
  const wire::SessionHeader& header = view_.header();
  if (header.pause_threshold_ns == 0) return;
  writer_.write_pauses(rows_);
  const double scale = nanoseconds_per_tick(header.tick_start, header.start_monotonic_ns);
  Totals totals(scale);
  for (const wire::Ref owner : view_.tables().refs) {
    const wire::CounterTable& table = *view_.table(owner);
    totals.add(table);
    const wire::Ref ref = table.pauses.load(std::memory_order_acquire);
    if (const wire::PauseTable* pauses = view_.pause_table(ref)) totals.add(*pauses);
  }
  const std::array<std::pair<std::string_view, std::uint64_t>, 5> keys = {
      {{"pause_threshold_ns", header.pause_threshold_ns},
       {"pauses_lost", totals.lost + unlisted_},
       {"sampled_recorder_ns", to_ns(totals.own_ticks, scale)},
       {"timer_ns", to_ns(header.timer_ticks, scale)},
       {"clock_stopped_ns", load(header.clock_stopped_ns)}}};
  writer_.write_pause_totals(totals.calls, totals.own, keys);
}

void PauseReader::written() {
  stored_ += rows_.size();
  rows_.clear();
  for (auto& [ref, place] : places_) {
    place.safe = place.taken;
    const std::uint64_t offset = std::uint64_t{ref} * wire::kUnit;
    if (session_.empty() || view_.pause_table(ref) == nullptr) continue;
    auto* table = reinterpret_cast<wire::PauseTable*>(session_.data() + offset);
    table->tail.store(place.safe, std::memory_order_release);
  }
}

}  // namespace heapscribe::collector
