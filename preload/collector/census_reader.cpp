#include "preload/collector/census_reader.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include "preload/capture/numbers.h"

namespace heapscribe::collector {
namespace {

using capture::integer;
using wire::CensusState;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{1};
// The copy notes its progress while it reads; before and after, it sorts and adds up in silence.
constexpr std::chrono::seconds kPatience{120};

bool is_gone(std::uint32_t pid) {
  return pid != 0 && kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
}

std::string_view root_name(wire::RootKind kind) {
  switch (kind) {
    case wire::RootKind::Global:
      return "global";
    case wire::RootKind::Stack:
      return "stack";
    case wire::RootKind::Register:
      return "register";
    case wire::RootKind::ThreadLocal:
      return "thread-local";
    case wire::RootKind::Registered:
      return "registered";
    case wire::RootKind::None:
      break;
  }
  return "";
}

void add_classes(const wire::CensusRow& row, capture::SiteId site,
                 std::map<std::pair<capture::SiteId, std::size_t>, capture::BlockClassRow>& sums) {
  for (std::size_t kind = 0; kind < wire::kBlockClasses; ++kind) {
    if (row.blocks[kind] == 0) continue;
    capture::BlockClassRow& sum = sums[{site, kind}];
    sum.site = site;
    sum.block_class = wire::kBlockClassNames[kind];
    sum.blocks += row.blocks[kind];
    sum.bytes += row.bytes[kind];
    if (kind == static_cast<std::size_t>(wire::BlockClass::Reachable)) {
      sum.retained_bytes += row.retained_bytes;
    }
  }
}

void set_findings(const wire::Census& census, const char* at, capture::CaptureWriter& writer) {
  writer.set_recording("leak_check", "complete");
  writer.set_recording("leak_check_ns", integer(census.taken_ns));
  writer.set_recording("leak_check_at", at);
  writer.set_recording("leak_check_blocks", integer(census.blocks));
  writer.set_recording("leak_check_scanned_bytes", integer(census.scanned_bytes));
  writer.set_recording("leak_check_stopped_ns", integer(census.stopped_ns));
  writer.set_recording("leak_check_marking_ns", integer(census.marking_ns));
  writer.set_recording("leak_check_threads", integer(census.threads));
  writer.set_recording("leak_check_threads_unseen", integer(census.threads_unseen));
  writer.set_recording("leak_check_retained", std::int64_t{census.skipped_dominators == 0 ? 1 : 0});
}

void doubt(std::map<std::pair<capture::SiteId, std::size_t>, capture::BlockClassRow>& sums,
           std::uint64_t unseen_registers) {
  constexpr auto kDefinite = static_cast<std::size_t>(wire::BlockClass::Definite);
  constexpr auto kPossible = static_cast<std::size_t>(wire::BlockClass::Possible);
  if (unseen_registers == 0) return;
  for (auto at = sums.begin(); at != sums.end();) {
    const auto [site, kind] = at->first;
    const capture::BlockClassRow found = at->second;
    if (kind != kDefinite || found.blocks > unseen_registers) {
      ++at;
      continue;
    }
    capture::BlockClassRow& sum = sums[{site, kPossible}];
    sum.site = site;
    sum.block_class = wire::kBlockClassNames[kPossible];
    sum.blocks += found.blocks;
    sum.bytes += found.bytes;
    at = sums.erase(at);
  }
}

bool has_earlier_check(capture::Database& database) {
  return database.integer(
             "SELECT count(*) FROM recording WHERE key = 'leak_check' AND value = 'complete'") != 0;
}

std::string reason_for_none(const wire::SessionHeader& header) {
  const wire::Census& census = header.census;
  if (header.mode != wire::Mode::Full) return "only --mode full knows every block";
  if (header.census_wanted == 0) return "not asked for";
  const CensusState state = census.state.load(std::memory_order_acquire);
  if (state == CensusState::None) return "the program did not end by exit";
  const auto why = static_cast<std::size_t>(census.refusal.load(std::memory_order_relaxed));
  return std::string(
      wire::kCensusRefusalTexts[why < std::size(wire::kCensusRefusalTexts) ? why : 0]);
}

}  // namespace

bool CensusWatch::is_marking(const wire::Census& census) {
  if (census.state.load(std::memory_order_acquire) != CensusState::Marking) return false;
  const std::uint64_t now = census.progress.load(std::memory_order_relaxed);
  if (std::exchange(progress_, now) != now) moved_ = Clock::now();
  const bool gone = is_gone(census.pid);
  if (census.state.load(std::memory_order_acquire) != CensusState::Marking) return false;
  return !gone && Clock::now() - moved_ <= kPatience;
}

void await_census(const wire::Census& census) {
  CensusWatch watch;
  while (watch.is_marking(census)) std::this_thread::sleep_for(kLook);
}

std::optional<CensusFindings> read_census(const SessionView& view, const wire::Census& census,
                                          CounterReader& reader, capture::CaptureWriter& writer) {
  if (census.state.load(std::memory_order_acquire) != CensusState::Complete) return std::nullopt;
  CensusFindings findings;
  set_findings(census, &census == &view.header().census ? "end" : "request", writer);
  std::map<std::pair<capture::SiteId, std::size_t>, capture::BlockClassRow> sums;
  for (const wire::CensusRow& row : view.census_rows(census)) {
    const auto site = reader.site_of(row.row, Patience::Over);
    if (!site) continue;
    add_classes(row, *site, sums);
    if (row.root == wire::RootKind::None) continue;
    capture::HolderRow holder{.site = *site,
                              .root = std::string(root_name(row.root)),
                              .thread = row.root_thread,
                              .address = row.root_address};
    if (const auto place = reader.data_place(row.root_address)) {
      holder.module = place->first;
      holder.offset = place->second;
    }
    const std::size_t count = std::min<std::size_t>(row.holders, wire::CensusRow::kHolders);
    for (std::size_t i = 0; i < count; ++i) {
      if (const auto by = reader.site_of(row.holder[i], Patience::Over))
        holder.sites.push_back(*by);
    }
    findings.holders.push_back(std::move(holder));
  }
  doubt(sums, std::uint64_t{wire::kPreservedRegisters} * census.threads_unseen);
  for (const auto& [key, sum] : sums) findings.classes.push_back(sum);
  return findings;
}

std::optional<CensusFindings> read_last_census(const SessionView& view, CounterReader& reader,
                                               capture::CaptureWriter& writer,
                                               capture::Database& database) {
  const wire::Census& census = view.header().census;
  auto findings = read_census(view, census, reader, writer);
  if (findings || has_earlier_check(database)) return findings;
  writer.set_recording("leak_check", reason_for_none(view.header()));
  if (census.refusal.load() == wire::CensusRefusal::Crashed) {
    writer.set_recording("leak_check_fault", std::to_string(census.fault_code) + " " +
                                                 std::to_string(census.fault_address));
  }
  return std::nullopt;
}

AskedCensus::Stage AskedCensus::pursue() {
  wire::Census& census = header_.asked_census;
  const CensusState state = census.state.load(std::memory_order_acquire);
  const bool paused = header_.interruption.times.load() != 0;
  if (header_.census_wanted == 0 || header_.restricted.load() != 0 || paused) {
    give_up();
    if (paused) census.refusal.store(wire::CensusRefusal::Interrupted);
    return Stage::Refused;
  }
  if (state == CensusState::Stopping) return Stage::UnderWay;
  if (state == CensusState::Marking) {
    if (!watch_.is_marking(census)) census.state.store(CensusState::Refused);
    return Stage::UnderWay;
  }
  if (!asked_) {
    census.refusal.store(wire::CensusRefusal::NoReason, std::memory_order_relaxed);
    census.pid = 0;  // of an earlier copy
    header_.watch.ring();
    census.state.store(CensusState::Asked, std::memory_order_release);
    watch_ = {};
    asked_ = true;
    return Stage::UnderWay;
  }
  if (state == CensusState::Asked) return Stage::UnderWay;
  asked_ = false;
  return state == CensusState::Complete ? Stage::Complete : Stage::Refused;
}

void AskedCensus::give_up() {
  asked_ = false;
  CensusState asked = CensusState::Asked;
  if (header_.asked_census.state.compare_exchange_strong(asked, CensusState::None)) {
    header_.watch.silence();
  }
}

}  // namespace heapscribe::collector
