// Birth of a thread's recorder, or its inheritance from a thread that has ended.
#include <sys/syscall.h>

#include <cerrno>

#include "preload/platform/keep_errno.h"
#include "preload/platform/kernel.h"
#include "preload/platform/pages.h"
#include "preload/record/counting.h"
#include "preload/record/peak.h"
#include "preload/record/thread_id.h"
#include "preload/record/thread_recorder.h"

namespace heapscribe::record {

using wire::CounterTable;

namespace {

constexpr std::size_t kRecorderBytes = 2 * platform::kPageSize;
constexpr int kTablesToTry = 32;
constexpr std::uint32_t kUnreadTables = 4096;

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

// Another one in every run: addresses and the clock.
std::uint64_t seed_of_process() {
  return reinterpret_cast<std::uintptr_t>(&table_cursor) ^ session.header().start_monotonic_ns
                                                               << 20;
}

platform::StackEnd end_of_own_stack() {
  const bool is_main = current_thread_id() == session.header().pid;
  return is_main ? platform::end_of_main_stack() : platform::end_of_thread_stack();
}

ThreadRecorder* adopt_or_create_recorder() {
  if (CounterTable* table = claim_free_table()) {
    const wire::ThreadRecord* thread = announce_thread(table);
    if (thread == nullptr) return nullptr;
    auto* adopted = reinterpret_cast<ThreadRecorder*>(table->recorder);
    adopted->descriptor_ = platform::own_descriptor();
    adopted->begin_thread(*thread);
    adopted->trace_.begin_thread(table->trace, thread->number);
    adopted->pauses_.begin_thread(*table, thread->number, table->recorder ^ seed_of_process());
    adopted->stack_.begin_thread(end_of_own_stack());
    return adopted;
  }
  auto* table = static_cast<CounterTable*>(session.allocate(sizeof(CounterTable)));
  void* pages = platform::map_pages(kRecorderBytes);
  if (table == nullptr || pages == nullptr) return nullptr;
  auto* fresh = static_cast<ThreadRecorder*>(pages);
  fresh->table_ = table;
  fresh->table_ref_ = session.ref(table);
  fresh->descriptor_ = platform::own_descriptor();
  fresh->sampler_.begin(session.header().sample_mean, fresh->table_ref_ ^ seed_of_process());
  fresh->stack_.use(fresh + 1, kRecorderBytes - sizeof(ThreadRecorder));
  fresh->stack_.begin_thread(end_of_own_stack());
  fresh->stand_in(kNoSection);
  if (!fresh->grow_rows()) return nullptr;
  fresh->stackless_ = fresh->row_without_stack(wire::CallKind::Malloc);
  table->recorder = reinterpret_cast<std::uint64_t>(fresh);
  const wire::ThreadRecord* thread = announce_thread(table);
  if (thread == nullptr) return nullptr;
  fresh->begin_thread(*thread);
  fresh->trace_.begin_thread(table->trace, thread->number);
  fresh->pauses_.begin_thread(*table, thread->number, table->recorder ^ seed_of_process());
  session.push(session.header().first_table, table);
  table_count.fetch_add(1, std::memory_order_relaxed);
  add_live_bytes_writer();
  return fresh;
}

const ThreadRecorder* recorder_of(std::uint32_t thread) {
  if (!session.is_open()) return nullptr;
  for (wire::Ref ref = session.header().first_thread.load(std::memory_order_acquire);
       ref != wire::kNoRef;) {
    const auto* record = session.at<wire::ThreadRecord>(ref);
    const auto* table = session.at<CounterTable>(record->table);
    const bool owned = table->owner.load(std::memory_order_relaxed) == ref;
    if (record->tid == thread) {
      return owned ? reinterpret_cast<const ThreadRecorder*>(table->recorder) : nullptr;
    }
    ref = record->next;
  }
  return nullptr;
}

ThreadRecorder* recorder(const bootstrap::RecordingScope&) {
  bootstrap::ThreadState& state = bootstrap::thread_state;
  if (state.recorder != nullptr) [[likely]]
    return state.recorder;
  const platform::KeepErrno keep;
  const OwnPause pause(wire::OwnCause::ThreadStart);
  if (state.refused == 0) state.recorder = adopt_or_create_recorder();
  if (state.recorder == nullptr) {
    state.refused = 1;
    session.lose(wire::Loss::UncountedEvents);
  }
  return state.recorder;
}

}  // namespace heapscribe::record
