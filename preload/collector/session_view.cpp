#include "preload/collector/session_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "preload/collector/session_file.h"

namespace heapscribe::collector {
namespace {

constexpr std::uint32_t kLongestPath = 4096;

std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

SessionView::SessionView(std::span<const std::byte> mapping, const std::string& name)
    : mapping_(mapping) {
  if (mapping.size() < wire::kHeaderBytes || header().magic != wire::kSessionMagic) {
    throw SessionError(fmt::format("'{}' is not a heapscribe session", name));
  }
  if (header().version != wire::kSessionVersion ||
      header().header_bytes != sizeof(wire::SessionHeader)) {
    throw SessionError(fmt::format("session '{}' has version {}; this heapscribe reads version {}",
                                   name, header().version, wire::kSessionVersion));
  }
  is_sampled_ = header().mode == wire::Mode::Sample;
}

const wire::SessionHeader& SessionView::header() const {
  return *reinterpret_cast<const wire::SessionHeader*>(mapping_.data());
}

void SessionView::refresh(std::uint64_t stored) {
  const std::uint64_t used = header().used.load(std::memory_order_acquire);
  const std::uint64_t now = std::min({used, stored, std::uint64_t{mapping_.size()}});
  readable_ = std::max(readable_, now);  // what was once checked stays valid
}

template <typename Record>
const Record* SessionView::at(wire::Ref ref, std::uint64_t tail_bytes) const {
  const std::uint64_t offset = std::uint64_t{ref} * wire::kUnit;
  if (offset < wire::kHeaderBytes || offset % alignof(Record) != 0) return nullptr;
  if (offset > readable_ || readable_ - offset < sizeof(Record)) return nullptr;
  if (readable_ - offset - sizeof(Record) < tail_bytes) return nullptr;
  return reinterpret_cast<const Record*>(mapping_.data() + offset);
}

template <typename Record>
RefList SessionView::list(wire::Ref first, wire::Ref known, wire::Ref Record::*next) const {
  RefList found;
  const std::uint64_t most = readable_ / sizeof(Record);
  wire::Ref ref = first;
  while (ref != wire::kNoRef && ref != known && found.refs.size() < most) {
    const Record* record = at<Record>(ref);
    if (record == nullptr) break;
    found.refs.push_back(ref);
    ref = record->*next;
  }
  found.complete = ref == wire::kNoRef || ref == known;
  return found;
}

RefList SessionView::tables(wire::Ref known) const {
  const wire::Ref first = header().first_table.load(std::memory_order_acquire);
  return list<wire::CounterTable>(first, known, &wire::CounterTable::next);
}

RefList SessionView::threads(wire::Ref known) const {
  const wire::Ref first = header().first_thread.load(std::memory_order_acquire);
  return list<wire::ThreadRecord>(first, known, &wire::ThreadRecord::next);
}

RefList SessionView::modules(wire::Ref known) const {
  const wire::Ref first = header().first_module.load(std::memory_order_acquire);
  return list<wire::ModuleRecord>(first, known, &wire::ModuleRecord::next);
}

RefList SessionView::sections(wire::Ref known) const {
  const wire::Ref first = header().first_section.load(std::memory_order_acquire);
  return list<wire::SectionRecord>(first, known, &wire::SectionRecord::next);
}

RefList SessionView::markers(wire::Ref known) const {
  const wire::Ref first = header().first_marker.load(std::memory_order_acquire);
  return list<wire::MarkerRecord>(first, known, &wire::MarkerRecord::next);
}

RefList SessionView::blocks(wire::Ref newest, wire::Ref known) const {
  return list<wire::RowBlock>(newest, known, &wire::RowBlock::older);
}

const wire::CounterTable* SessionView::table(wire::Ref ref) const {
  return at<wire::CounterTable>(ref);
}

const wire::ThreadRecord* SessionView::thread(wire::Ref ref) const {
  return at<wire::ThreadRecord>(ref);
}

const wire::ModuleRecord* SessionView::module_record(wire::Ref ref) const {
  return at<wire::ModuleRecord>(ref);
}

std::span<const wire::SiteRow> SessionView::rows(wire::Ref ref) const {
  const auto* block = at<wire::RowBlock>(ref);
  if (block == nullptr) return {};
  const std::uint32_t capacity = block->capacity;
  const std::uint64_t per_row = sizeof(wire::SiteRow) + (is_sampled_ ? sizeof(wire::SampleRow) : 0);
  if (at<wire::RowBlock>(ref, capacity * per_row) == nullptr) return {};
  return {reinterpret_cast<const wire::SiteRow*>(block + 1), capacity};
}

const wire::SampleRow* SessionView::samples(std::span<const wire::SiteRow> rows) const {
  return is_sampled_ && !rows.empty()
             ? reinterpret_cast<const wire::SampleRow*>(rows.data() + rows.size())
             : nullptr;
}

std::span<const wire::CensusRow> SessionView::census_rows(const wire::Census& census) const {
  const std::uint32_t count = census.row_count;
  if (census.state.load(std::memory_order_acquire) != wire::CensusState::Complete || count == 0) {
    return {};
  }
  const auto* first = at<wire::CensusRow>(census.rows, (count - 1) * sizeof(wire::CensusRow));
  if (first == nullptr) return {};
  return {first, count};
}

std::vector<std::span<const wire::ReleaseRow>> SessionView::release_rows(wire::Ref newest) const {
  std::vector<std::span<const wire::ReleaseRow>> found;
  std::uint64_t rows = 0;  // blocks do not overlap
  for (const wire::Ref ref :
       list<wire::ReleaseBlock>(newest, wire::kNoRef, &wire::ReleaseBlock::older).refs) {
    const auto* block = at<wire::ReleaseBlock>(ref);
    const std::uint32_t capacity = block->capacity;
    rows += capacity;
    if (rows * sizeof(wire::ReleaseRow) > readable_) break;
    if (at<wire::ReleaseBlock>(ref, capacity * sizeof(wire::ReleaseRow)) == nullptr) continue;
    found.emplace_back(reinterpret_cast<const wire::ReleaseRow*>(block + 1), capacity);
  }
  return found;
}

const wire::PauseTable* SessionView::pause_table(wire::Ref ref) const {
  return at<wire::PauseTable>(ref);
}

const wire::PauseRing* SessionView::pause_ring(wire::Ref ref) const {
  return at<wire::PauseRing>(ref);
}

ModuleView SessionView::module(wire::Ref ref) const {
  const auto* record = at<wire::ModuleRecord>(ref);
  if (record == nullptr) return {};
  ModuleView view;
  view.bias = record->bias;
  view.base = record->base;
  view.end = record->end;
  view.load_ns = record->load_ns;
  view.unload_ns = record->unload_ns.load(std::memory_order_relaxed);
  view.first_layout = record->first_layout;
  view.last_layout = record->last_layout.load(std::memory_order_relaxed);
  const std::size_t id_bytes =
      std::min<std::size_t>(record->build_id_length, sizeof record->build_id);
  view.build_id = hex({record->build_id, id_bytes});
  const std::uint32_t path_bytes = std::min(record->path_length, kLongestPath);
  if (at<wire::ModuleRecord>(ref, path_bytes) != nullptr) {
    view.path.assign(reinterpret_cast<const char*>(record + 1), path_bytes);
  }
  return view;
}

template <typename Record>
std::string SessionView::name_after(wire::Ref ref, std::uint32_t length) const {
  const std::uint32_t bytes = std::min(length, wire::kLongestName);
  const auto* record = at<Record>(ref, bytes);
  return record != nullptr ? std::string(reinterpret_cast<const char*>(record + 1), bytes) : "";
}

SectionView SessionView::section(wire::Ref ref) const {
  const auto* record = at<wire::SectionRecord>(ref);
  if (record == nullptr) return {};
  const std::uint32_t number = record->number;
  const std::uint32_t around = record->around;
  // Numbers rise inwards, so that nothing lies within itself.
  if (number > wire::kMostSections || around >= number) return {};
  return {number,
          around,
          name_after<wire::SectionRecord>(ref, record->name_length),
          record->first_ns,
          load(record->entered),
          load(record->ended)};
}

MarkerView SessionView::marker(wire::Ref ref) const {
  const auto* record = at<wire::MarkerRecord>(ref);
  if (record == nullptr) return {};
  return {record->thread, record->ns, record->ticks,
          name_after<wire::MarkerRecord>(ref, record->name_length)};
}

SegmentView SessionView::segment(wire::Ref ref) const {
  const auto* record = at<wire::StackSegment>(ref);
  if (record == nullptr) return {};
  const std::uint32_t count = record->count;
  if (count == 0 || count > wire::kSegmentFrames) return {};
  if (at<wire::StackSegment>(ref, count * sizeof(std::uint64_t)) == nullptr) return {};
  return {
      record->outer, record->layout, {reinterpret_cast<const std::uint64_t*>(record + 1), count}};
}

const wire::PoolRecord* SessionView::pool() const {
  return at<wire::PoolRecord>(header().first_pool.load(std::memory_order_acquire));
}

std::vector<const wire::PoolThread*> SessionView::pool_threads() const {
  std::vector<const wire::PoolThread*> found;
  const wire::PoolRecord* record = pool();
  if (record == nullptr) return found;
  const wire::Ref first = record->first_thread.load(std::memory_order_acquire);
  const RefList threads = list<wire::PoolThread>(first, wire::kNoRef, &wire::PoolThread::next);
  for (const wire::Ref ref : threads.refs) found.push_back(at<wire::PoolThread>(ref));
  return found;
}

const wire::SiteRow* SessionView::row(wire::Ref ref) const {
  return at<wire::SiteRow>(ref);
}

TraceRingView SessionView::trace_ring(wire::Ref ref) const {
  const auto* ring = at<wire::TraceRing>(ref);
  if (ring == nullptr) return {};
  constexpr std::uint64_t kWord = sizeof(std::uint64_t);
  const std::uint64_t capacity = ring->capacity;
  const bool sane = std::has_single_bit(capacity) && capacity <= wire::kLargestTraceRing / kWord;
  if (!sane || at<wire::TraceRing>(ref, capacity * kWord) == nullptr) return {};
  return {ring, {reinterpret_cast<const std::atomic<std::uint64_t>*>(ring + 1), capacity}};
}

std::string SessionView::exec_path() const {
  const char* text = header().exec_path;
  return {text, strnlen(text, wire::kExecPathBytes)};
}

}  // namespace heapscribe::collector
