#include "preload/collector/program_reader.h"

#include "preload/capture/numbers.h"
#include "preload/collector/request_desk.h"
#include "preload/collector/tick_scale.h"

namespace heapscribe::collector {
namespace {

using capture::integer;

// Those that the list can be read up to; if it cannot be read to its end, the rest comes later.
std::vector<wire::Ref> take_fresh(const RefList& list, wire::Ref& newest) {
  if (!list.complete || list.refs.empty()) return {};
  newest = list.refs.front();
  return list.refs;
}

}  // namespace

void ProgramReader::collect(std::uint64_t now_ns) {
  read_sections();
  read_markers();
  read_interruption(now_ns);
}

void ProgramReader::read_sections() {
  for (const wire::Ref ref : take_fresh(view_.sections(newest_section_), newest_section_)) {
    sections_.push_back(ref);
  }
  for (const wire::Ref ref : sections_) {
    const SectionView section = view_.section(ref);
    if (section.number == 0) continue;
    writer_.sections().set_section({section.number, section.around,
                                    clean_label(section.name.c_str(), section.name.size()),
                                    section.first_ns, section.entered, section.ended});
  }
}

void ProgramReader::read_markers() {
  for (const wire::Ref ref : take_fresh(view_.markers(newest_marker_), newest_marker_)) {
    const MarkerView marker = view_.marker(ref);
    writer_.sections().add_marker({ref, session_time_of(marker.ticks, marker.ns, view_.header()),
                                   clean_label(marker.name.c_str(), marker.name.size()),
                                   marker.thread});
  }
}

void ProgramReader::read_interruption(std::uint64_t now_ns) {
  const wire::Interruption& interruption = view_.header().interruption;
  const std::uint32_t times = load(interruption.times);
  if (times == 0) return;
  const std::uint64_t since = load(interruption.since_ns);
  std::uint64_t paused = load(interruption.total_ns);
  if (since != 0 && now_ns > since) paused += now_ns - since;
  std::uint64_t unrecorded = load(interruption.unrecorded);
  for (const wire::Ref ref : view_.tables().refs) unrecorded += load(view_.table(ref)->unrecorded);
  writer_.set_recording("paused_times", integer(std::uint64_t{times}));
  writer_.set_recording("paused_ns", integer(paused));
  writer_.set_recording("paused_now", std::int64_t{since != 0 ? 1 : 0});
  writer_.set_recording("unrecorded_allocations", integer(unrecorded));
}

}  // namespace heapscribe::collector
