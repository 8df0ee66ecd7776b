#include "preload/record/thread_recorder.h"

#include <sys/syscall.h>

#include <cerrno>

#include "preload/platform/keep_errno.h"
#include "preload/platform/kernel.h"
#include "preload/platform/pages.h"
#include "preload/record/module_list.h"
#include "preload/record/peak.h"
#include "preload/record/small_blocks.h"
#include "preload/record/thread_id.h"

namespace heapscribe::record {
namespace {

using wire::CounterTable;
using wire::RowBlock;
using wire::SiteRow;

constexpr std::uint32_t kFirstRows = 32;
constexpr std::size_t kRecorderBytes = 2 * platform::kPageSize;
constexpr int kTablesToTry = 32;
constexpr std::uint32_t kUnreadTables = 4096;

constinit wire::Mode mode = wire::Mode::Full;
constinit bool unwind_by_rules = true;
constinit unwind::CaptureFunction capture_anew = nullptr;
constinit BlockTable blocks;
constinit SmallBlocks small_blocks;

// The owner is the only writer: a plain increment that readers see in one piece.
inline void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

inline std::uint64_t site_key(std::uint64_t stack_hash, wire::CallKind kind) {
  const std::uint64_t key = stack_hash ^ ((static_cast<std::uint64_t>(kind) + 1) << 59);
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

void find_small_blocks_by_address() {
  small_blocks.enable();
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
}

void ThreadRecorder::allocated_early(const void* block, std::size_t requested,
                                     wire::CallKind kind) {
  count_allocation(*stackless_, requested, requested);
  if (kind == wire::CallKind::Realloc) {
    add(stackless_->reallocations, 1);
    add(table_->reallocations, 1);
  }
  enter_block(*stackless_, block, requested, kUnknownSize);
  add_live_bytes(static_cast<std::int64_t>(requested));
}

void ThreadRecorder::enter_block(SiteRow& row, const void* block, std::size_t requested,
                                 std::size_t usable) {
  const std::uintptr_t place = address(block);
  const wire::Ref ref = session.ref(&row);
  if (!small_blocks.insert(place, usable, requested, ref) &&
      !blocks.insert(place, {ref, requested})) {
    lose(wire::Loss::UntrackedBlocks);
  }
  last_block_ = place;
}

BlockRecord ThreadRecorder::take(const void* block, std::size_t usable) {
  BlockRecord record{};
  record.row = small_blocks.take(address(block), usable, record.size);
  if (record.row == wire::kNoRef) record = blocks.take(address(block));
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
    add(table_->unknown_frees, 1);
    return nullptr;
  }
  SiteRow* row = own_row(session.at<SiteRow>(record.row));
  leave_mark(session.header());
  count_free(*row, record.size);
  return row;
}

void ThreadRecorder::resized(SiteRow& site, BlockRecord old, const void* block,
                             std::size_t requested, std::size_t usable) {
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

void ThreadRecorder::released_by_resize(BlockRecord old) {
  if (count_release(old) != nullptr) add_live_bytes(-static_cast<std::int64_t>(old.size));
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

// Counters
// -----------------------------------------------------------------------------------------

namespace {

// Sizes that 32 bits cannot hold are kept on the row's second line.
inline void note_size(SiteRow& row, std::size_t requested) {
  constexpr std::uint32_t kSaturated = SiteRow::kSaturated;
  const auto size = static_cast<std::uint32_t>(requested < kSaturated ? requested : kSaturated);
  if (size == kSaturated) [[unlikely]] {
    if (requested > row.huge_max_size.load(std::memory_order_relaxed)) {
      row.huge_max_size.store(requested, std::memory_order_relaxed);
    }
    if (requested < row.huge_min_size.load(std::memory_order_relaxed)) {
      row.huge_min_size.store(requested, std::memory_order_relaxed);
    }
  }
  if (size > row.max_size.load(std::memory_order_relaxed)) {
    row.max_size.store(size, std::memory_order_relaxed);
  }
  if (size < row.min_size.load(std::memory_order_relaxed)) {
    row.min_size.store(size, std::memory_order_relaxed);
  }
}

}  // namespace

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

SiteRow* ThreadRecorder::site(wire::CallKind kind, const unwind::Frame& caller) {
  if (mode == wire::Mode::Counts) {
    SiteRow*& row = counts_[static_cast<std::size_t>(kind)];
    if (row == nullptr) row = find_row(site_key(kNoStack, kind), kind, nullptr, nullptr);
    return row;
  }
  const unwind::Stack& stack = capture(caller);
  return find_row(site_key(stack.hash, kind), kind, &stack, nullptr);
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

bool ThreadRecorder::grow_rows() {
  const std::uint32_t capacity = rows_ == nullptr ? kFirstRows : (mask_ + 1) * 2;
  auto* block = static_cast<RowBlock*>(
      session.allocate(sizeof(RowBlock) + std::size_t{capacity} * sizeof(SiteRow)));
  if (block == nullptr) return false;
  block->older = table_->blocks.load(std::memory_order_relaxed);
  block->capacity = capacity;
  rows_ = reinterpret_cast<SiteRow*>(block + 1);
  mask_ = capacity - 1;
  used_ = 0;
  table_->blocks.store(session.ref(block), std::memory_order_release);
  return true;
}

// Birth of a thread
// --------------------------------------------------------------------------------

namespace {

constinit std::atomic<wire::Ref> table_cursor{wire::kNoRef};

// True if the kernel knows the thread no longer. A system call: not for restricted targets.
bool has_ended(wire::Ref owner) {
  const auto* thread = session.at<wire::ThreadRecord>(owner);
  return platform::system_call(SYS_tgkill, session.header().pid, thread->tid, 0) == -ESRCH;
}

bool claim(CounterTable& table, wire::TableState from) {
  return table.state.load(std::memory_order_relaxed) == from &&
         table.state.compare_exchange_strong(from, wire::TableState::Claimed,
                                             std::memory_order_acquire);
}

// Takes over a table whose owner has ended although the collector has not read its last numbers:
// they will be shown under the new owner.
bool claim_abandoned(CounterTable& table) {
  const wire::Ref owner = table.owner.load(std::memory_order_relaxed);
  if (!has_ended(owner) || !claim(table, wire::TableState::Owned)) return false;
  if (table.owner.load(std::memory_order_relaxed) == owner) {
    add(table.losses[static_cast<std::size_t>(wire::Loss::MergedThreads)], 1);
    return true;
  }
  table.state.store(wire::TableState::Owned, std::memory_order_release);
  return false;
}

constinit std::atomic<std::uint32_t> table_count{0};

// A table whose owner has ended. Looks at a few tables only, each time at other ones: with
// thousands of living threads a full search would cost more than a new table. Where threads come
// and go faster than the collector looks, their tables are taken over unread, so that memory stays
// bounded.
CounterTable* claim_free_table() {
  const wire::SessionHeader& header = session.header();
  const bool unread_too =
      table_count.load(std::memory_order_relaxed) > kUnreadTables && !session.is_restricted();
  wire::Ref ref = table_cursor.load(std::memory_order_relaxed);
  CounterTable* found = nullptr;
  for (int tries = 0; tries < kTablesToTry && found == nullptr; ++tries) {
    if (ref == wire::kNoRef) ref = header.first_table.load(std::memory_order_acquire);
    if (ref == wire::kNoRef) return nullptr;
    auto* table = session.at<CounterTable>(ref);
    ref = table->next;
    if (claim(*table, wire::TableState::Free) || (unread_too && claim_abandoned(*table))) {
      found = table;
    }
  }
  table_cursor.store(ref, std::memory_order_relaxed);
  return found;
}

wire::ThreadRecord* announce_thread(CounterTable* table) {
  auto* thread =
      static_cast<wire::ThreadRecord*>(session.allocate(sizeof(wire::ThreadRecord), wire::kUnit));
  if (thread == nullptr) return nullptr;
  thread->tid = current_thread_id();
  thread->number = session.header().threads.fetch_add(1, std::memory_order_relaxed) + 1;
  thread->table = session.ref(table);
  thread->start_ns = session.now();
  table->owner.store(session.ref(thread), std::memory_order_relaxed);
  table->state.store(wire::TableState::Owned, std::memory_order_release);
  session.push(session.header().first_thread, thread);
  return thread;
}

}  // namespace

platform::StackEnd end_of_own_stack() {
  const bool is_main = current_thread_id() == session.header().pid;
  return is_main ? platform::end_of_main_stack() : platform::end_of_thread_stack();
}

ThreadRecorder* adopt_or_create_recorder() {
  if (CounterTable* table = claim_free_table()) {
    if (announce_thread(table) == nullptr) return nullptr;
    auto* adopted = reinterpret_cast<ThreadRecorder*>(table->recorder);
    adopted->last_block_ = 0;
    adopted->stack_.begin_thread(end_of_own_stack());
    return adopted;
  }
  auto* table = static_cast<CounterTable*>(session.allocate(sizeof(CounterTable)));
  void* pages = platform::map_pages(kRecorderBytes);
  if (table == nullptr || pages == nullptr) return nullptr;
  auto* fresh = static_cast<ThreadRecorder*>(pages);
  fresh->table_ = table;
  fresh->table_ref_ = session.ref(table);
  fresh->stack_.use(fresh + 1, kRecorderBytes - sizeof(ThreadRecorder));
  fresh->stack_.begin_thread(end_of_own_stack());
  if (!fresh->grow_rows()) return nullptr;
  fresh->stackless_ = fresh->find_row(site_key(kNoStack, wire::CallKind::Malloc),
                                      wire::CallKind::Malloc, nullptr, nullptr);
  table->recorder = reinterpret_cast<std::uint64_t>(fresh);
  if (announce_thread(table) == nullptr) return nullptr;
  session.push(session.header().first_table, table);
  table_count.fetch_add(1, std::memory_order_relaxed);
  add_live_bytes_writer();
  return fresh;
}

ThreadRecorder* recorder(const bootstrap::RecordingScope&) {
  bootstrap::ThreadState& state = bootstrap::thread_state;
  if (state.recorder != nullptr) [[likely]]
    return state.recorder;
  const platform::KeepErrno keep;
  if (state.refused == 0) state.recorder = adopt_or_create_recorder();
  if (state.recorder == nullptr) {
    state.refused = 1;
    session.lose(wire::Loss::UncountedEvents);
  }
  return state.recorder;
}

}  // namespace heapscribe::record
