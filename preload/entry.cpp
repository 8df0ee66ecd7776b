// Birth of the library, step by step in order. It happens in the first call of a hook, which may be
// the dynamic loader's, long before any constructor.
#include "preload/entry.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "preload/bootstrap/early_events.h"
#include "preload/bootstrap/process_phase.h"
#include "preload/bootstrap/real_functions.h"
#include "preload/config.h"
#include "preload/launch_collector.h"
#include "preload/memory/pool.h"
#include "preload/platform/notice.h"
#include "preload/platform/own_code.h"
#include "preload/platform/stack_bounds.h"
#include "preload/record/budget.h"
#include "preload/record/interruption.h"
#include "preload/record/live_blocks.h"
#include "preload/record/module_list.h"
#include "preload/record/pauses.h"
#include "preload/record/session.h"
#include "preload/record/thread_id.h"
#include "preload/record/thread_recorder.h"
#include "preload/unwind/rule_cache.h"
#include "preload/unwind/unwinder.h"
#include "preload/use_pool.h"

// What at_quick_exit is in libc itself.
extern "C" int __cxa_at_quick_exit(void (*handler)(void*), void* module) noexcept;

namespace heapscribe {
namespace {

using bootstrap::Phase;

constinit std::atomic<bool> resolving{false};
constinit std::atomic<bool> resolved{false};
constinit std::atomic<bool> starting{false};

// True once the real functions are known.
bool resolve_once() {
  if (resolved.load(std::memory_order_acquire)) return true;
  if (resolving.exchange(true, std::memory_order_acq_rel)) return false;
  bootstrap::resolve_real_functions();
  resolved.store(true, std::memory_order_release);
  return true;
}

// `run` names a session; under a bare LD_PRELOAD we have the collector make one.
const char* find_session() {
  if (*config.session != '\0') return config.session;
  return launch_collector(environ);
}

// `libunwind` has to wait: see start_at_the_latest.
void choose_unwinder() {
  const std::string_view name = config.unwinder;
  const bool rules = name != "boost" && name != "fp" && unwind::prepare_rule_cache();
  if (name == "fp") return record::set_unwinder(false, unwind::capture_frame_pointers);
  record::set_unwinder(rules, name == "rules" && rules ? nullptr : unwind::capture_boost);
}

void prepare_recording(const wire::SessionHeader& header) {
  record::learn_thread_id_place();
  platform::note_own_code();
  platform::note_main_stack();
  record::refresh_modules();
  record::set_mode(header.mode);
  record::set_tracing(header.trace, header.largest_trace_ring);
  if (header.mode != wire::Mode::Sample) {
    record::set_pauses(header.pause_threshold_ns, header.ticks_per_us);
  }
  const bool free_stacks = header.free_stacks != 0 && header.mode == wire::Mode::Full;
  record::set_free_stacks(free_stacks);
  const bool all = record::budget_is_set();
  record::session.header().watch.use(all ? 0 : record::timed_from,
                                     all || free_stacks ? 0 : record::timed_from);
  choose_unwinder();
  if (bootstrap::is_glibc_underneath()) record::live_blocks.find_small_blocks_by_address();
  on_exit(note_exit, nullptr);
  __cxa_at_quick_exit(note_quick_exit, nullptr);
}

// Counts what happened before.
void replay_early_events(record::ThreadRecorder& recorder) {
  const bootstrap::EarlyEvents early = bootstrap::early_events();
  for (std::size_t i = 0; i < early.count; ++i) {
    const bootstrap::EarlyEvent& event = early.begin[i];
    if (event.requested == bootstrap::EarlyEvent::kRelease) {
      const record::BlockRecord known =
          recorder.take(event.block, record::LiveBlocks::kUnknownSize);
      recorder.trace_release(event.block);
      recorder.released(known, event.block);
    } else {
      recorder.allocated_early(event.block, event.requested, event.kind);
    }
  }
  if (early.lost != 0) record::session.lose(wire::Loss::UncountedEvents, early.lost);
}

// tcmalloc makes an object by `operator new` when it is first asked for a block's size: ours, which
// asks for that object's size, and so on without end. Before we record, ours does not ask.
void let_allocator_prepare() {
  bootstrap::real.malloc_usable_size(nullptr);
}

// Before anything looks at where blocks come from.
void choose_allocator() {
  if (std::string_view(config.allocator) != "pool" || use_pool()) return;
  platform::notice("no address space for the pool; the program's own allocator serves it");
}

// Samples are served by the pool, whoever serves the rest.
Phase phase_of(wire::Mode mode) {
  if (mode != wire::Mode::Sample) {
    return record::begins_interrupted() ? Phase::Paused : Phase::Recording;
  }
  if (memory::range.bytes != 0 || memory::start_pool(true)) return Phase::Sampling;
  platform::notice("not recording: no address space for samples");
  return Phase::Off;
}

void begin_recording() {
  read_config(environ);
  const char* path = find_session();
  const char* problem = path != nullptr ? record::session.open(path) : nullptr;
  if (problem != nullptr) platform::notice("not recording: ", problem);
  if (path != nullptr && problem == nullptr) {
    const bootstrap::RecordingScope scope;
    let_allocator_prepare();
    choose_allocator();
    prepare_recording(record::session.header());
    const Phase phase = phase_of(record::session.header().mode);
    record::ThreadRecorder* recorder = record::recorder(scope);
    if (recorder != nullptr && phase != Phase::Paused) {
      replay_early_events(*recorder);
      const record::ThreadRecorder::Totals early = recorder->totals();
      record::begin_budget(early.allocations, early.bytes,
                           static_cast<std::int64_t>(early.bytes - early.freed_bytes));
    }
    bootstrap::wipe_phase_on_fork();
    bootstrap::set_phase(phase);
  } else {
    bootstrap::set_phase(Phase::Off);
  }
  clean_environment(environ);
}

void note_forked_child() {
  record::session.header().unrecorded_children.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

bool start() {
  bool first = false;
  if (bootstrap::is_forked_child(first)) {
    if (first) note_forked_child();
    return true;
  }
  if (!resolve_once()) return false;
  // The loader may allocate before libc has been told its environment: recording starts later.
  if (bootstrap::phase() != Phase::Unborn || environ == nullptr) return true;
  if (!starting.exchange(true, std::memory_order_acq_rel)) begin_recording();
  return true;
}

namespace {

// A program that never allocates still gets its environment and its (empty) recording. And this is
// the first moment at which the loader may be asked for more.
[[gnu::constructor]] void start_at_the_latest() {
  start();
  if (!bootstrap::is_recording() || std::string_view(config.unwinder) != "libunwind") return;
  if (unwind::load_libunwind()) {
    record::set_unwinder(false, unwind::capture_libunwind);
  } else {
    platform::notice("libunwind.so.8 is not installed; unwinding by rules instead");
  }
}

}  // namespace

}  // namespace heapscribe
