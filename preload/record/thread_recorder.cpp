#include "preload/record/thread_recorder.h"

#include "preload/bootstrap/process_phase.h"
#include "preload/platform/keep_errno.h"
#include "preload/record/counting.h"
#include "preload/record/live_blocks.h"
#include "preload/record/module_list.h"
#include "preload/record/peak.h"

namespace heapscribe::record {

constinit LiveBlocks live_blocks;

namespace {

using wire::RowBlock;
using wire::SiteRow;

constexpr std::uint32_t kFirstRows = 32;

constinit wire::Mode mode = wire::Mode::Full;
constinit bool unwind_by_rules = true;
constinit unwind::CaptureFunction capture_anew = nullptr;

// What is mixed into a stack's hash, so that an event costs the same in a section as outside.
constexpr std::uint64_t kind_key(std::size_t kind, SectionNumber section) {
  return ((kind + 1) << 59) ^ section * 0x9E37'79B9'7F4A'7C15ULL;
}

inline std::uint64_t site_key(std::uint64_t stack_hash, std::uint64_t kind_key) {
  const std::uint64_t key = stack_hash ^ kind_key;
  return key != 0 ? key : 1;
}

constexpr std::uint64_t kNoStack = 1;  // stands for the hash where there is no stack

inline std::uintptr_t address(const void* block) {
  return reinterpret_cast<std::uintptr_t>(block);
}

}  // namespace

void set_mode(wire::Mode new_mode) {
  mode = new_mode;
}

void set_unwinder(bool by_rules, unwind::CaptureFunction anew) {
  unwind_by_rules = by_rules;
  capture_anew = anew;
}

// Events
// -------------------------------------------------------------------------------------------

void ThreadRecorder::allocated(SiteRow& site, const void* block, std::size_t requested,
                               std::size_t usable) {
  count_allocation(site, requested, usable);
  enter_block(site, block, requested, usable);
  add_live_bytes(static_cast<std::int64_t>(requested));
  if (is_tracing()) [[unlikely]]
    write_allocation(site, block, requested);
}

void ThreadRecorder::allocated_early(const void* block, std::size_t requested,
                                     wire::CallKind kind) {
  if (mode == wire::Mode::Sample) return passed_by(requested);
  count_allocation(*stackless_, requested, requested);
  if (kind == wire::CallKind::Realloc) {
    add(stackless_->reallocations, 1);
    add(table_->reallocations, 1);
  }
  enter_block(*stackless_, block, requested, LiveBlocks::kUnknownSize);
  add_live_bytes(static_cast<std::int64_t>(requested));
  if (is_tracing()) write_allocation(*stackless_, block, requested);
}

void ThreadRecorder::enter_block(SiteRow& row, const void* block, std::size_t requested,
                                 std::size_t usable) {
  if (!live_blocks.insert(address(block), usable, {session.ref(&row), requested})) {
    lose(wire::Loss::UntrackedBlocks);
  }
  last_block_ = address(block);
}

BlockRecord ThreadRecorder::take(const void* block, std::size_t usable) {
  const BlockRecord record = live_blocks.take(address(block), usable);
  __builtin_prefetch(session.at<SiteRow>(record.row), 1);
  return record;
}

void ThreadRecorder::released(BlockRecord record, const void* block) {
  SiteRow* row = count_release(record);
  if (row == nullptr) return;
  if (last_block_ == address(block)) {
    add(row->temporary, 1);
    add(table_->temporary, 1);
    last_block_ = 0;
  }
  add_live_bytes(-static_cast<std::int64_t>(record.size));
}

// The row that was charged; nullptr if nobody saw the block being made.
SiteRow* ThreadRecorder::count_release(BlockRecord record) {
  if (record.row == wire::kNoRef) {
    if (!bootstrap::is_paused()) add(table_->unknown_frees, 1);
    return nullptr;
  }
  SiteRow* row = own_row(session.at<SiteRow>(record.row));
  leave_mark(session.header());
  count_free(*row, record.size);
  return row;
}

void ThreadRecorder::resized(SiteRow& site, BlockRecord old, const void* block,
                             std::size_t requested, std::size_t usable) {
  count_release_by(site, old);
  if (old.row == wire::kNoRef) {
    add(table_->unknown_frees, 1);
  } else {
    if (requested < old.size) leave_mark(session.header());
    count_free(*own_row(session.at<SiteRow>(old.row)), old.size);
  }
  count_allocation(site, requested, usable);
  add(site.reallocations, 1);
  add(table_->reallocations, 1);
  enter_block(site, block, requested, usable);
  add_live_bytes(static_cast<std::int64_t>(requested) - static_cast<std::int64_t>(old.size));
}

void ThreadRecorder::released_by_resize(SiteRow& site, BlockRecord old) {
  count_release_by(site, old);
  if (count_release(old) != nullptr) add_live_bytes(-static_cast<std::int64_t>(old.size));
}

void ThreadRecorder::note_release_stack(const BlockRecord& record, const unwind::Frame& caller) {
  if (record.row == wire::kNoRef) return;
  releases_.count(*session.at<SiteRow>(record.row), record.size, capture(caller), *table_);
}

void ThreadRecorder::count_release_by(const SiteRow& site, const BlockRecord& old) {
  if (!free_stacks_wanted || old.row == wire::kNoRef) [[likely]]
    return;
  releases_.count(*session.at<SiteRow>(old.row), old.size, site, *table_);
}

void ThreadRecorder::not_resized(BlockRecord old, const void* block, std::size_t usable) {
  const std::uintptr_t last = last_block_;
  if (old.row != wire::kNoRef) enter_block(*session.at<SiteRow>(old.row), block, old.size, usable);
  last_block_ = last;
  call_failed();
}

void ThreadRecorder::call_failed() {
  add(table_->failed, 1);
}

// Threads and sections ---------------------------------------------------------------------------

void ThreadRecorder::begin_thread(const wire::ThreadRecord& thread) {
  thread_number_ = thread.number;
  last_block_ = 0;
  depth_ = 0;
  last_mark_ = 0;
  stand_in(kNoSection);
  before_ = table_totals();
}

void ThreadRecorder::stand_in(SectionNumber section) {
  section_ = section;
  for (std::size_t kind = 0; kind < wire::kCallKinds; ++kind) {
    keys_[kind] = kind_key(kind, section);
    counts_[kind] = nullptr;
  }
}

SectionEntry ThreadRecorder::enter(SectionNumber section) {
  if (section == kNoSection || depth_ == SectionEntry::kDeepest) {
    lose(wire::Loss::UnkeptSections);
    return {};
  }
  SectionEntry entry{section, section_, ++depth_, thread_number_ & SectionEntry::kThreadMask};
  if (depth_ <= SectionEntry::kShallow) {
    entry.mark = ++last_mark_ & SectionEntry::kMarkMask;
    open_[depth_ - 1] = {static_cast<std::uint16_t>(entry.mark),
                         static_cast<std::uint16_t>(section_)};
  }
  if (section != section_) stand_in(section);
  return entry;
}

// Deeper than kShallow an entry that was left is told by another section at its depth only.
bool ThreadRecorder::has_open(const SectionEntry& entry) const {
  if (entry.depth == 0 || entry.depth > depth_) return false;
  if (entry.depth <= SectionEntry::kShallow) return open_[entry.depth - 1].mark == entry.mark;
  return entry.depth < depth_ || entry.section == section_;
}

bool ThreadRecorder::leave(const SectionEntry& entry) {
  const bool is_mine = entry.thread == (thread_number_ & SectionEntry::kThreadMask);
  if (!is_mine || !has_open(entry)) {
    lose(wire::Loss::MisplacedEnds);
    return false;
  }
  depth_ = entry.depth - 1;
  const bool is_shallow = entry.depth <= SectionEntry::kShallow;
  const SectionNumber around = is_shallow ? open_[depth_].around : entry.mark;
  if (around != section_) stand_in(around);
  return true;
}

ThreadRecorder::Totals ThreadRecorder::table_totals() const {
  const auto value = [](const std::atomic<std::uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  return {value(table_->allocations), value(table_->allocated_bytes), value(table_->frees),
          value(table_->freed_bytes)};
}

ThreadRecorder::Totals ThreadRecorder::totals() const {
  const Totals all = table_totals();
  return {all.allocations - before_.allocations, all.bytes - before_.bytes,
          all.frees - before_.frees, all.freed_bytes - before_.freed_bytes};
}

// Pauses
// -------------------------------------------------------------------------------------------

void ThreadRecorder::note_call(const TimedWork& work, const SiteRow& site) {
  if (pauses_.count_call(work.call, work.watch, work.times)) write_stall(work, site.stack);
}

void ThreadRecorder::note_call(const TimedWork& work, const unwind::Frame& caller) {
  if (pauses_.count_call(work.call, work.watch, work.times)) {
    write_stall(work, intern_stack(caller));
  }
}

void ThreadRecorder::write_stall(const TimedWork& work, wire::Ref stack) {
  wire::PauseEvent event = pauses_.event_of(work.call, work.watch, work.times);
  event.bytes = work.bytes;
  event.blocks = work.blocks;
  event.size = work.size;
  event.stack = stack;
  pauses_.write(event);
}

void ThreadRecorder::look_at_releases(const BlockRecord& released, const unwind::Frame& caller) {
  if (!pauses_.only_releases(*table_)) return;
  if (pauses_.look_at_storm(*table_, ticks_now(), released.row)) {
    pauses_.note_storm_stack(intern_stack(caller));
  }
}

// Of a release.
wire::Ref ThreadRecorder::intern_stack(const unwind::Frame& caller) {
  if (mode == wire::Mode::Counts) return wire::kNoRef;
  const unwind::Stack& stack = capture(caller);
  const platform::KeepErrno keep;
  refresh_modules();
  return stack_table.intern(stack);
}

// The full trace
// -----------------------------------------------------------------------------------

bool ThreadRecorder::missed_after_end() {
  if (!trace_has_ended()) return false;
  trace_.miss(last_event_number.load(std::memory_order_relaxed));
  lose(wire::Loss::UntracedEvents);
  return true;
}

template <typename... Words>
void ThreadRecorder::write_event(wire::TraceKind kind, std::uint64_t number, Words... words) {
  if (!trace_.write(kind, number, words...)) lose(wire::Loss::UntracedEvents);
}

[[gnu::noinline]] void ThreadRecorder::write_allocation(const SiteRow& site, const void* block,
                                                        std::size_t requested) {
  if (missed_after_end()) return;
  write_event(wire::TraceKind::Allocation, next_event_number(), address(block), requested,
              session.ref(&site));
}

[[gnu::noinline]] void ThreadRecorder::write_release(const void* block) {
  if (missed_after_end()) return;
  write_event(wire::TraceKind::Release, next_event_number(), address(block));
}

[[gnu::noinline]] void ThreadRecorder::write_resize(const SiteRow& site, std::uint64_t begun,
                                                    const void* old, const void* block,
                                                    std::size_t requested) {
  if (missed_after_end()) return;
  write_event(wire::TraceKind::Resize, next_event_number(), address(block), requested,
              session.ref(&site), address(old), begun);
}

void ThreadRecorder::trace_release_by_resize(std::uint64_t begun, const void* block) {
  if (!is_tracing() || missed_after_end()) return;
  write_event(wire::TraceKind::Release, begun, address(block));
}

// Counters
// -----------------------------------------------------------------------------------------

void ThreadRecorder::count_allocation(SiteRow& row, std::size_t requested, std::size_t usable) {
  note_state_at_peak(row, session.header());
  add(row.allocations, 1);
  add(row.allocated_bytes, requested);
  add(row.usable_bytes, usable);
  note_size(row, requested);
  add(table_->allocations, 1);
  add(table_->allocated_bytes, requested);
  add(table_->size_allocations[wire::size_bucket(requested)], 1);
}

void ThreadRecorder::count_free(SiteRow& row, std::uint64_t size) {
  note_state_at_peak(row, session.header());
  add(row.frees, 1);
  add(row.freed_bytes, size);
  add(table_->frees, 1);
  add(table_->freed_bytes, size);
}

void ThreadRecorder::add_live_bytes(std::int64_t bytes) {
  if (is_single_threaded() && held_back_ == 0) {
    return add_live_bytes_alone(session.header(), bytes);
  }
  held_back_ += bytes;
  const std::int64_t step = session.header().flush_step.load(std::memory_order_relaxed);
  if (held_back_ < step && held_back_ > -step) return;
  flush_live_bytes(held_back_);
  held_back_ = 0;
}

void ThreadRecorder::lose(wire::Loss loss) {
  add(table_->losses[static_cast<std::size_t>(loss)], 1);
}

// Sites
// --------------------------------------------------------------------------------------------

// Flat, because the unwinder has a second caller now: a call more would cost every event 18
// instructions.
[[gnu::flatten]] SiteRow* ThreadRecorder::site(wire::CallKind kind, const unwind::Frame& caller) {
  if (mode == wire::Mode::Counts) {
    SiteRow*& row = counts_[static_cast<std::size_t>(kind)];
    if (row == nullptr) row = row_without_stack(kind);
    return row;
  }
  const unwind::Stack& stack = capture(caller);
  return find_row(site_key(stack.hash, keys_[static_cast<std::size_t>(kind)]), kind, &stack,
                  nullptr);
}

const unwind::Stack& ThreadRecorder::capture(const unwind::Frame& caller) {
  if (new_modules_expected()) [[unlikely]] {
    const platform::KeepErrno keep;
    refresh_modules();
  }
  const std::uint32_t layout = session.header().layout.load(std::memory_order_relaxed);
  if (!unwind_by_rules) [[unlikely]]
    return stack_.capture_anew(capture_anew, layout);
  return stack_.capture(caller, layout, capture_anew);
}

SiteRow* ThreadRecorder::row_without_stack(wire::CallKind kind) {
  return find_row(site_key(kNoStack, keys_[static_cast<std::size_t>(kind)]), kind, nullptr,
                  nullptr);
}

// The row of `key` in this thread's newest block, made if need be: with the given stack, or with
// that of another thread's row.
SiteRow* ThreadRecorder::find_row(std::uint64_t key, wire::CallKind kind,
                                  const unwind::Stack* stack, const SiteRow* other) {
  for (std::uint64_t at = key;; ++at) {
    SiteRow& row = rows_[at & mask_];
    const std::uint64_t seen = row.key.load(std::memory_order_relaxed);
    if (seen == key) return &row;
    if (seen == 0) return add_row(key, kind, stack, other);
  }
}

[[gnu::noinline]] SiteRow* ThreadRecorder::add_row(std::uint64_t key, wire::CallKind kind,
                                                   const unwind::Stack* stack,
                                                   const SiteRow* other) {
  const OwnPause pause(wire::OwnCause::NewSite);
  if (used_ >= mask_ - mask_ / 4) {
    if (grow_rows()) return find_row(key, kind, stack, other);
    // No space for more rows. Those that exist go on; one place is kept free so that searches end.
    if (used_ == mask_) {
      lose(wire::Loss::StacklessEvents);
      return stackless_;
    }
  }
  std::uint64_t at = key;
  while (rows_[at & mask_].key.load(std::memory_order_relaxed) != 0) ++at;
  SiteRow& row = rows_[at & mask_];
  row.kind = kind;
  row.table = table_ref_;
  row.min_size.store(SiteRow::kSaturated, std::memory_order_relaxed);
  row.huge_min_size.store(~std::uint64_t{0}, std::memory_order_relaxed);
  row.first_ns.store(session.now(), std::memory_order_relaxed);
  row.epoch.store(session.header().epoch.load(std::memory_order_relaxed) - 1,
                  std::memory_order_relaxed);
  row.section = other != nullptr ? other->section : static_cast<std::uint16_t>(section_);
  if (other != nullptr) {
    row.stack = other->stack;
  } else if (stack != nullptr) {
    const platform::KeepErrno keep;
    refresh_modules();
    row.stack = stack_table.intern(*stack);
    if (row.stack == wire::kNoRef) lose(wire::Loss::StacklessEvents);
    if (stack->truncated) lose(wire::Loss::TruncatedStacks);
  }
  ++used_;
  row.key.store(key, std::memory_order_release);
  return &row;
}

// A block that another thread allocated is freed on a row of our own: one writer a row.
SiteRow* ThreadRecorder::own_row(SiteRow* row) {
  if (row->table == table_ref_) [[likely]]
    return row;
  return find_row(row->key.load(std::memory_order_relaxed), row->kind, nullptr, row);
}

namespace {

std::size_t bytes_per_row() {
  return sizeof(SiteRow) + (mode == wire::Mode::Sample ? sizeof(wire::SampleRow) : 0);
}

}  // namespace

bool ThreadRecorder::grow_rows() {
  const std::uint32_t capacity = rows_ == nullptr ? kFirstRows : (mask_ + 1) * 2;
  auto* block = static_cast<RowBlock*>(
      session.allocate(sizeof(RowBlock) + std::size_t{capacity} * bytes_per_row()));
  if (block == nullptr) return false;
  block->older = table_->blocks.load(std::memory_order_relaxed);
  block->capacity = capacity;
  rows_ = reinterpret_cast<SiteRow*>(block + 1);
  mask_ = capacity - 1;
  used_ = 0;
  table_->blocks.store(session.ref(block), std::memory_order_release);
  return true;
}

}  // namespace heapscribe::record
