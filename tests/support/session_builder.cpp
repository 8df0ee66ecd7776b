#include "tests/support/session_builder.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>
#include <stdexcept>

namespace heapscribe::tests {
namespace {

constexpr std::size_t kLine = 64;

void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
  counter.fetch_add(amount, std::memory_order_relaxed);
}

std::uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

SessionBuilder::SessionBuilder(std::size_t bytes) : own_(std::aligned_alloc(kLine, bytes)) {
  std::memset(own_.get(), 0, bytes);
  memory_ = {static_cast<std::byte*>(own_.get()), bytes};
  auto* header = new (own_.get()) wire::SessionHeader{};
  header->magic = wire::kSessionMagic;
  header->version = wire::kSessionVersion;
  header->header_bytes = sizeof(wire::SessionHeader);
  header->capacity = bytes;
  header->used = wire::kHeaderBytes;
  header->committed = bytes;
}

SessionBuilder::SessionBuilder(collector::SessionFile& file)
    : memory_(const_cast<std::byte*>(file.mapping().data()), file.committed()) {}

wire::SessionHeader& SessionBuilder::header() const {
  return *reinterpret_cast<wire::SessionHeader*>(memory_.data());
}

void SessionBuilder::start(std::uint32_t pid) {
  header().pid = pid;
  header().start_realtime_ns = 1;
  header().start_monotonic_ns = monotonic_ns();
  header().phase = wire::SessionPhase::Recording;
}

template <typename Record>
Record* SessionBuilder::make(std::size_t tail_bytes) {
  const std::size_t alignment = std::max(alignof(Record), wire::kUnit);
  const std::uint64_t start = (header().used + alignment - 1) / alignment * alignment;
  if (start + sizeof(Record) + tail_bytes > memory_.size()) throw std::bad_alloc();
  header().used = start + sizeof(Record) + tail_bytes;
  return new (memory_.data() + start) Record{};
}

wire::Ref SessionBuilder::ref_of(const void* record) const {
  const auto offset = static_cast<const std::byte*>(record) - memory_.data();
  return static_cast<wire::Ref>(static_cast<std::size_t>(offset) / wire::kUnit);
}

wire::Ref SessionBuilder::module(const ModulePlace& place) {
  auto* record = make<wire::ModuleRecord>(place.path.size());
  record->first_layout = place.layout;
  record->last_layout = place.layout;
  record->bias = place.bias;
  record->base = place.base;
  record->end = place.end;
  record->path_length = static_cast<std::uint32_t>(place.path.size());
  std::memcpy(static_cast<void*>(record + 1), place.path.data(), place.path.size());
  record->next = header().first_module;
  header().first_module = ref_of(record);
  return ref_of(record);
}

wire::Ref SessionBuilder::segment(const std::vector<std::uint64_t>& frames, wire::Ref outer,
                                  std::uint32_t layout) {
  auto* record = make<wire::StackSegment>(frames.size() * sizeof(std::uint64_t));
  record->outer = outer;
  record->layout = layout;
  record->count = static_cast<std::uint32_t>(frames.size());
  std::memcpy(static_cast<void*>(record + 1), frames.data(), frames.size() * sizeof(std::uint64_t));
  return ref_of(record);
}

wire::Ref SessionBuilder::stack(const std::vector<std::uint64_t>& frames, std::uint32_t layout) {
  wire::Ref outer = wire::kNoRef;
  for (std::size_t end = frames.size(); end > 0;) {
    const std::size_t count = std::min<std::size_t>(end, wire::kSegmentFrames);
    const auto first = frames.begin() + static_cast<std::ptrdiff_t>(end - count);
    outer = segment({first, first + static_cast<std::ptrdiff_t>(count)}, outer, layout);
    end -= count;
  }
  return outer;
}

TableHandle SessionBuilder::table(std::uint32_t rows) {
  TableHandle handle;
  handle.counters = make<wire::CounterTable>();
  handle.table = ref_of(handle.counters);
  grow(handle, rows);
  handle.counters->next = header().first_table;
  header().first_table = handle.table;
  return handle;
}

void SessionBuilder::grow(TableHandle& table, std::uint32_t rows) {
  auto* block = make<wire::RowBlock>(rows * sizeof(wire::SiteRow));
  block->older = table.counters->blocks;
  block->capacity = rows;
  table.rows = reinterpret_cast<wire::SiteRow*>(block + 1);
  table.next_row = 0;
  table.counters->blocks = ref_of(block);
}

wire::PauseTable& SessionBuilder::pauses(const TableHandle& table) {
  auto* pauses = make<wire::PauseTable>();
  pauses->ring = ref_of(make<wire::PauseRing>());
  table.counters->pauses = ref_of(pauses);
  return *pauses;
}

void SessionBuilder::pause(wire::PauseTable& pauses, const wire::PauseEvent& event) const {
  auto* ring =
      reinterpret_cast<wire::PauseRing*>(memory_.data() + std::size_t{pauses.ring} * wire::kUnit);
  ring->events[pauses.head++ % wire::PauseRing::kEvents] = event;
}

wire::Ref SessionBuilder::thread(const TableHandle& table, std::uint32_t tid,
                                 std::uint64_t start_ns) {
  auto* record = make<wire::ThreadRecord>();
  record->tid = tid;
  record->number = header().threads.fetch_add(1) + 1;
  record->table = table.table;
  record->start_ns = start_ns;
  table.counters->owner = ref_of(record);
  table.counters->state = wire::TableState::Owned;
  record->next = header().first_thread;
  header().first_thread = ref_of(record);
  return ref_of(record);
}

wire::SiteRow& SessionBuilder::row(TableHandle& table, wire::Ref stack, wire::CallKind kind,
                                   std::uint64_t first_ns) {
  wire::SiteRow& row = table.rows[table.next_row++];
  row.kind = kind;
  row.table = table.table;
  row.stack = stack;
  row.min_size = wire::SiteRow::kSaturated;
  row.huge_min_size = UINT64_MAX;
  row.first_ns = first_ns;
  row.epoch = header().epoch - 1;
  row.key = std::uint64_t{stack} * 8 + static_cast<std::uint64_t>(kind) + 1;
  return row;
}

wire::SectionRecord& SessionBuilder::section(std::uint32_t number, std::uint32_t around,
                                             const std::string& name) {
  auto* record = make<wire::SectionRecord>(name.size());
  record->number = number;
  record->around = around;
  record->name_length = static_cast<std::uint32_t>(name.size());
  name.copy(reinterpret_cast<char*>(record + 1), name.size());
  record->next = header().first_section;
  header().first_section = ref_of(record);
  return *record;
}

wire::MarkerRecord& SessionBuilder::marker(const std::string& name, std::uint64_t ns) {
  auto* record = make<wire::MarkerRecord>(name.size());
  record->ns = ns;
  record->thread = 1;
  record->name_length = static_cast<std::uint32_t>(name.size());
  name.copy(reinterpret_cast<char*>(record + 1), name.size());
  record->next = header().first_marker;
  header().first_marker = ref_of(record);
  return *record;
}

wire::TraceRing& SessionBuilder::trace_ring(const TableHandle& table, std::uint64_t words,
                                            wire::TraceRing* before) {
  auto* ring = make<wire::TraceRing>(words * sizeof(std::uint64_t));
  ring->capacity = words;
  (before != nullptr ? before->next : table.counters->trace) = ref_of(ring);
  return *ring;
}

void SessionBuilder::put_word(wire::TraceRing& ring, std::uint64_t word) {
  auto* words = reinterpret_cast<std::atomic<std::uint64_t>*>(&ring + 1);
  words[ring.head++ & (ring.capacity - 1)] = word;
}

void SessionBuilder::allocate(const TableHandle& table, wire::SiteRow& row, std::uint64_t blocks,
                              std::uint64_t bytes_each) const {
  for (auto* counter : {&row.allocations, &table.counters->allocations,
                        &table.counters->size_allocations[wire::size_bucket(bytes_each)]}) {
    add(*counter, blocks);
  }
  for (auto* counter :
       {&row.allocated_bytes, &row.usable_bytes, &table.counters->allocated_bytes}) {
    add(*counter, blocks * bytes_each);
  }
  const auto size = static_cast<std::uint32_t>(bytes_each);
  row.min_size = std::min(row.min_size.load(), size);
  row.max_size = std::max(row.max_size.load(), size);
}

void SessionBuilder::free(const TableHandle& table, wire::SiteRow& row, std::uint64_t blocks,
                          std::uint64_t bytes_each) const {
  add(row.frees, blocks);
  add(table.counters->frees, blocks);
  add(row.freed_bytes, blocks * bytes_each);
  add(table.counters->freed_bytes, blocks * bytes_each);
}

capture::Database empty_recording() {
  capture::Database database = capture::Database::in_memory();
  database.execute(capture::kSchemaSql);
  return database;
}

}  // namespace heapscribe::tests
