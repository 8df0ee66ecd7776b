// What the program says through heapscribe.h, whose comments are the contract.
#include <cstring>
#include <string_view>

#include "preload/entry.h"
#include "preload/hooks/record.h"
#include "preload/record/interruption.h"
#include "preload/record/moments.h"
#include "preload/record/root_regions.h"
#include "preload/record/sections.h"

#define HEAPSCRIBE_WEAK
#include "preload/include/heapscribe/heapscribe.h"

namespace {

using heapscribe::bootstrap::is_recording;
using heapscribe::hooks::with_recorder;
using heapscribe::record::find_section;
using heapscribe::record::kNoSection;
using heapscribe::record::SectionEntry;
using heapscribe::record::SectionNumber;
using heapscribe::record::ThreadRecorder;

// A program may speak before it allocates for the first time.
bool records() {
  if (heapscribe::bootstrap::phase() == heapscribe::bootstrap::Phase::Unborn) heapscribe::start();
  return is_recording();
}

// A number that no library has given is nobody's section.
SectionNumber number_of(heapscribe_section section) {
  const std::uint64_t number = section.opaque;
  if (number == kNoSection || number > heapscribe::wire::kMostSections) return kNoSection;
  return heapscribe::record::is_section(static_cast<SectionNumber>(number))
             ? static_cast<SectionNumber>(number)
             : kNoSection;
}

std::string_view text_of(const char* name) {
  if (name == nullptr) return {};
  return {name, strnlen(name, heapscribe::wire::kLongestName)};
}

std::string_view name_of(const char* name) {
  const std::string_view text = text_of(name);
  return text.empty() ? "(unnamed)" : text;
}

void count_begin(SectionNumber section) {
  if (section == kNoSection) return;
  heapscribe::record::section_record(section)->entered.fetch_add(1, std::memory_order_relaxed);
}

void count_end(SectionNumber section) {
  if (section == kNoSection) return;
  heapscribe::record::section_record(section)->ended.fetch_add(1, std::memory_order_relaxed);
}

bool counts_are_exact() {
  return heapscribe::record::session.header().mode != heapscribe::wire::Mode::Sample;
}

template <typename Sums>
heapscribe_counters counters_of(const Sums& sums) {
  return {sums.allocations,
          sums.bytes,
          sums.frees,
          sums.freed_bytes,
          static_cast<std::int64_t>(sums.allocations - sums.frees),
          static_cast<std::int64_t>(sums.bytes - sums.freed_bytes)};
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int heapscribe_v1_is_active() noexcept {
  return records() ? 1 : 0;
}

heapscribe_entry heapscribe_v1_section_begin(const char* name) noexcept {
  heapscribe_entry entry{0};
  if (!records()) return entry;
  with_recorder([&](ThreadRecorder& recorder) {
    SectionEntry begun = recorder.enter(find_section(recorder.section(), name_of(name)));
    count_begin(begun.section);
    begun.begins = true;
    if (begun.section != kNoSection) entry.opaque = begun.packed();
  });
  return entry;
}

void heapscribe_v1_section_end(heapscribe_entry packed) noexcept {
  if (packed.opaque == 0 || !records()) return;
  with_recorder([&](ThreadRecorder& recorder) {
    const SectionEntry entry = SectionEntry::unpacked(packed.opaque);
    if (recorder.leave(entry) && entry.begins) count_end(entry.section);
  });
}

heapscribe_section heapscribe_v1_section_open(const char* name) noexcept {
  heapscribe_section opened{0};
  if (!records()) return opened;
  with_recorder([&](ThreadRecorder& recorder) {
    const SectionNumber section = find_section(recorder.section(), name_of(name));
    if (section == kNoSection) return recorder.lose(heapscribe::wire::Loss::UnkeptSections);
    count_begin(section);
    opened.opaque = section;
  });
  return opened;
}

heapscribe_section heapscribe_v1_section_here() noexcept {
  heapscribe_section here{0};
  if (!records()) return here;
  with_recorder([&](const ThreadRecorder& recorder) { here.opaque = recorder.section(); });
  return here;
}

heapscribe_entry heapscribe_v1_section_enter(heapscribe_section section) noexcept {
  heapscribe_entry entry{0};
  const SectionNumber number = number_of(section);
  if (number == kNoSection || !records()) return entry;
  with_recorder([&](ThreadRecorder& recorder) { entry.opaque = recorder.enter(number).packed(); });
  return entry;
}

void heapscribe_v1_section_close(heapscribe_section section) noexcept {
  if (records()) count_end(number_of(section));
}

int heapscribe_v1_section_counters(heapscribe_section section,
                                   heapscribe_counters* counters) noexcept {
  const SectionNumber number = number_of(section);
  if (number == kNoSection || !records() || !counts_are_exact()) return 0;
  *counters = counters_of(heapscribe::record::sum_of_section(number));
  return heapscribe::bootstrap::is_paused() ? 2 : 1;
}

int heapscribe_v1_thread_counters(heapscribe_counters* counters) noexcept {
  if (!records() || !counts_are_exact()) return 0;
  int known = 0;
  with_recorder([&](const ThreadRecorder& recorder) {
    *counters = counters_of(recorder.totals());
    known = 1;
  });
  return known;
}

int heapscribe_v1_snapshot(const char* label) noexcept {
  return records() && heapscribe::record::ask_for_snapshot(text_of(label)) ? 1 : 0;
}

int heapscribe_v1_marker(const char* name) noexcept {
  bool noted = false;
  if (!records()) return 0;
  with_recorder([&](ThreadRecorder& recorder) {
    noted = heapscribe::record::note_marker(name_of(name), recorder.thread_number());
    if (!noted) recorder.lose(heapscribe::wire::Loss::UnkeptMarkers);
  });
  return noted ? 1 : 0;
}

int heapscribe_v1_add_root(const void* begin, std::size_t bytes) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  return records() && heapscribe::record::add_root_region({address, bytes}) ? 1 : 0;
}

int heapscribe_v1_remove_root(const void* begin) noexcept {
  return heapscribe::record::remove_root_region(reinterpret_cast<std::uintptr_t>(begin)) ? 1 : 0;
}

int heapscribe_v1_pause_recording() noexcept {
  return heapscribe::record::pause_recording() ? 1 : 0;
}

int heapscribe_v1_resume_recording() noexcept {
  return heapscribe::record::resume_recording() ? 1 : 0;
}
}
#pragma GCC visibility pop
