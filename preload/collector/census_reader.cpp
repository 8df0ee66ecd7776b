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

void set_findings(const wire::Census& census, capture::CaptureWriter& writer) {
  writer.set_recording("leak_check", "complete");
  writer.set_recording("leak_check_blocks", integer(census.blocks));
  writer.set_recording("leak_check_scanned_bytes", integer(census.scanned_bytes));
  writer.set_recording("leak_check_stopped_ns", integer(census.stopped_ns));
  writer.set_recording("leak_check_marking_ns", integer(census.marking_ns));
  writer.set_recording("leak_check_threads", integer(census.threads));
  writer.set_recording("leak_check_threads_unseen", integer(census.threads_unseen));
  writer.set_recording("leak_check_retained", std::int64_t{census.skipped_dominators == 0 ? 1 : 0});
}

std::string reason_for_none(const wire::SessionHeader& header) {
  const wire::Census& census = header.census;
  if (header.census_wanted == 0) return "not asked for";
  const CensusState state = census.state.load(std::memory_order_acquire);
  if (state == CensusState::None) return "the program did not end by exit";
  const auto why = static_cast<std::size_t>(census.refusal.load(std::memory_order_relaxed));
  return std::string(
      wire::kCensusRefusalTexts[why < std::size(wire::kCensusRefusalTexts) ? why : 0]);
}

}  // namespace

void await_census(const wire::SessionHeader& header) {
  const wire::Census& census = header.census;
  std::uint64_t progress = 0;
  auto moved = Clock::now();
  for (;;) {
    const CensusState state = census.state.load(std::memory_order_acquire);
    if (state != CensusState::Marking) return;
    const std::uint64_t now = census.progress.load(std::memory_order_relaxed);
    if (std::exchange(progress, now) != now) moved = Clock::now();
    const bool gone = is_gone(census.pid);
    if (census.state.load(std::memory_order_acquire) != CensusState::Marking) return;
    if (gone || Clock::now() - moved > kPatience) return;
    std::this_thread::sleep_for(kLook);
  }
}

CensusFindings read_census(const SessionView& view, CounterReader& reader,
                           capture::CaptureWriter& writer) {
  const wire::Census& census = view.header().census;
  CensusFindings findings;
  if (census.state.load(std::memory_order_acquire) != CensusState::Complete) {
    writer.set_recording("leak_check", reason_for_none(view.header()));
    if (census.refusal.load() == wire::CensusRefusal::Crashed) {
      writer.set_recording("leak_check_fault", std::to_string(census.fault_code) + " " +
                                                   std::to_string(census.fault_address));
    }
    return findings;
  }
  set_findings(census, writer);
  std::map<std::pair<capture::SiteId, std::size_t>, capture::BlockClassRow> sums;
  for (const wire::CensusRow& row : view.census_rows()) {
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
  for (const auto& [key, sum] : sums) findings.classes.push_back(sum);
  return findings;
}

}  // namespace heapscribe::collector
