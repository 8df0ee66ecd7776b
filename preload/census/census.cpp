#include "preload/census/census.h"

#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <ucontext.h>

#include <algorithm>
#include <ctime>

#include "preload/bootstrap/real_functions.h"
#include "preload/bootstrap/recording_scope.h"
#include "preload/census/block_list.h"
#include "preload/census/departure.h"
#include "preload/census/dominators.h"
#include "preload/census/marker.h"
#include "preload/census/memory_map.h"
#include "preload/census/roots.h"
#include "preload/census/threads.h"
#include "preload/platform/kernel.h"
#include "preload/platform/kernel_signal.h"
#include "preload/platform/own_code.h"
#include "preload/platform/pages.h"
#include "preload/record/module_list.h"
#include "preload/record/session.h"
#include "preload/record/thread_recorder.h"
#include "preload/unwind/unwinder.h"

namespace heapscribe::census {
namespace {

using platform::system_call;
using record::session;
using wire::BlockClass;
using wire::CensusRefusal;
using wire::CensusRow;
using wire::CensusState;

// The one that is being taken; for the copy, and for its signal handler.
constinit wire::Census* taken = nullptr;
// One thread of the program stops the others at a time.
constinit std::atomic<bool> stopping{false};

wire::Census& findings() {
  return *taken;
}

void refuse(wire::Census& census, CensusRefusal why) {
  census.refusal.store(why, std::memory_order_relaxed);
  census.state.store(CensusState::Refused, std::memory_order_release);
}

// In the copy ------------------------------------------------------------------------------------

[[noreturn]] void end_copy() {
  for (;;) system_call(SYS_exit_group, 0);
}

[[noreturn]] void give_up(CensusRefusal why) {
  refuse(findings(), why);
  end_copy();
}

// Nobody may wait for the end of a pipe that only we hold; and if we crash, that is no core file.
void leave_the_program_alone() {
  if (platform::failed(system_call(SYS_close_range, 0, ~0U, 0))) {
    constexpr int kMany = 4096;
    for (int descriptor = 0; descriptor < kMany; ++descriptor) system_call(SYS_close, descriptor);
  }
  const rlimit none{0, 0};
  system_call(SYS_prlimit64, 0, RLIMIT_CORE, platform::as_argument(&none), 0);
  system_call(SYS_prctl, PR_SET_NAME, platform::as_argument("heapscribe"));
}

constexpr std::size_t kSignalSetBytes = 8;

void note_crash(int, siginfo_t* info, void* context) {
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  findings().fault_code = static_cast<std::uint64_t>(registers[REG_RIP]);
  findings().fault_address = reinterpret_cast<std::uint64_t>(info->si_addr);
  give_up(CensusRefusal::Crashed);
}

// A mapping may reach beyond the end of its file: there is nothing, and nothing is a page of zeros.
void put_zeros(int signal, siginfo_t* info, void* context) {
  const std::uintptr_t page =
      reinterpret_cast<std::uintptr_t>(info->si_addr) / platform::kPageSize * platform::kPageSize;
  const long placed =
      system_call(SYS_mmap, static_cast<long>(page), platform::kPageSize, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (platform::failed(placed)) note_crash(signal, info, context);
}

void watch_for_crashes() {
  for (const int signal : {SIGSEGV, SIGFPE}) platform::handle_signal(signal, note_crash, 0);
  platform::handle_signal(SIGBUS, put_zeros, 0);
  const std::uint64_t crashes = std::uint64_t{1} << (SIGSEGV - 1) |
                                std::uint64_t{1} << (SIGBUS - 1) | std::uint64_t{1} << (SIGFPE - 1);
  system_call(SYS_rt_sigprocmask, SIG_UNBLOCK, platform::as_argument(&crashes), 0, kSignalSetBytes);
}

BlockClass class_of(Mark mark) {
  switch (mark) {
    case Mark::Definite:
      return BlockClass::Definite;
    case Mark::Indirect:
      return BlockClass::Indirect;
    case Mark::Possible:
      return BlockClass::Possible;
    case Mark::Reachable:
    case Mark::Unreached:
      break;
  }
  return BlockClass::Reachable;
}

// The rows of the census by their SiteRow: open addressing over a table that is never full.
class Rows {
 public:
  bool prepare(std::uint32_t blocks) {
    while (capacity_ < std::size_t{blocks} * 2) capacity_ *= 2;
    index_ = static_cast<std::uint32_t*>(platform::map_pages(capacity_ * sizeof *index_));
    rows_ = static_cast<CensusRow*>(platform::map_pages((std::size_t{blocks} + 1) * sizeof *rows_));
    largest_ = static_cast<std::uint32_t*>(
        platform::map_pages((std::size_t{blocks} + 1) * sizeof *largest_));
    return index_ != nullptr && rows_ != nullptr && largest_ != nullptr;
  }
  std::uint32_t number_of(wire::Ref row) {
    for (std::size_t at = row * 0x9E37'79B9'7F4A'7C15ULL >> 20;; ++at) {
      std::uint32_t& entry = index_[at & (capacity_ - 1)];
      if (entry == 0) {
        entry = ++count_;
        rows_[entry - 1].row = row;
        largest_[entry - 1] = kNoBlock;
      }
      if (rows_[entry - 1].row == row) return entry - 1;
    }
  }
  CensusRow& operator[](std::uint32_t number) { return rows_[number]; }
  std::uint32_t& largest(std::uint32_t number) { return largest_[number]; }
  std::uint32_t size() const { return count_; }

 private:
  std::size_t capacity_ = 1024;
  std::uint32_t* index_ = nullptr;
  CensusRow* rows_ = nullptr;
  std::uint32_t* largest_ = nullptr;  // reachable block of the row
  std::uint32_t count_ = 0;
};

void add_up(const BlockList& blocks, const Marker& marker, Rows& rows) {
  for (std::uint32_t i = 0; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    const std::uint32_t number = rows.number_of(block.row);
    const auto kind = static_cast<std::size_t>(class_of(marker.mark(i)));
    ++rows[number].blocks[kind];
    rows[number].bytes[kind] += block.size;
    if (marker.mark(i) != Mark::Reachable) continue;
    std::uint32_t& largest = rows.largest(number);
    if (largest == kNoBlock || blocks[largest].size < block.size) largest = i;
  }
}

// From the largest block of the row outwards: the rows on the way, each once, and the root.
void name_holders(const BlockList& blocks, const Marker& marker, std::uint32_t block,
                  CensusRow& row) {
  constexpr int kLongestWay = 1'000'000;
  wire::Ref last = row.row;
  for (int steps = 0; steps < kLongestWay; ++steps) {
    const Marker::Holder holder = marker.holder(block);
    if (holder.block == kNoBlock) {
      row.root = holder.root;
      row.root_thread = holder.thread;
      row.root_address = holder.address;
      return;
    }
    block = holder.block;
    const wire::Ref ref = blocks[block].row;
    if (ref != last && row.holders < CensusRow::kHolders) row.holder[row.holders++] = ref;
    last = ref;
  }
}

// What each row's blocks retain: bytes below them in the dominator tree, a block of a row below
// another one of the same row not twice.
bool add_retained(const BlockList& blocks, Marker& marker, Rows& rows) {
  // Beyond, it would take longer than anybody waits for.
  constexpr std::uint32_t kMostBlocks = 4'000'000;
  if (blocks.size() > kMostBlocks) return false;
  const std::uint64_t* first = nullptr;
  const std::uint32_t* targets = nullptr;
  std::uint32_t nodes = 0;
  if (!marker.graph(first, targets, nodes)) return false;
  const auto make = [nodes](std::size_t bytes) {
    return platform::map_pages((std::size_t{nodes} + 1) * bytes);
  };
  auto* dominator = static_cast<std::uint32_t*>(make(sizeof(std::uint32_t)));
  auto* order = static_cast<std::uint32_t*>(make(sizeof(std::uint32_t)));
  auto* below = static_cast<std::uint64_t*>(make(sizeof(std::uint64_t)));
  if (dominator == nullptr || order == nullptr || below == nullptr) return false;
  const std::uint32_t reached = find_dominators({nodes, first, targets}, dominator, order);
  if (reached == 0) return false;
  const auto is_block = [&](std::uint32_t node) { return node > 0 && node <= blocks.size(); };
  for (std::uint32_t i = reached; i-- > 1;) {
    const std::uint32_t node = order[i];
    if (is_block(node)) below[node] += blocks[node - 1].size;
    below[dominator[node]] += below[node];
  }
  constexpr int kFarEnough = 64;
  for (std::uint32_t i = 1; i < reached; ++i) {
    const std::uint32_t node = order[i];
    if (!is_block(node)) continue;
    const wire::Ref row = blocks[node - 1].row;
    bool counted = false;
    std::uint32_t above = dominator[node];
    for (int steps = 0; steps < kFarEnough && above != kNoNode && above != 0 && !counted; ++steps) {
      counted = is_block(above) && blocks[above - 1].row == row;
      above = dominator[above];
    }
    if (!counted) rows[rows.number_of(row)].retained_bytes += below[node];
  }
  return true;
}

// The space that an earlier census needed serves again.
CensusRow* space_for(std::uint32_t rows) {
  wire::Census& census = findings();
  if (census.row_capacity >= rows && census.row_capacity != 0) {
    return session.at<CensusRow>(census.rows);
  }
  const std::uint32_t capacity = rows + rows / 4 + 1;
  void* space = session.allocate(std::size_t{capacity} * sizeof(CensusRow));
  if (space == nullptr) give_up(CensusRefusal::NoSpace);
  census.row_capacity = capacity;
  return static_cast<CensusRow*>(space);
}

void publish(Rows& rows) {
  CensusRow* space = space_for(rows.size());
  for (std::uint32_t i = 0; i < rows.size(); ++i) space[i] = rows[i];
  findings().rows = session.ref(space);
  findings().row_count = rows.size();
  findings().state.store(CensusState::Complete, std::memory_order_release);
}

[[noreturn]] void mark_in_copy(const Departure* departure, std::uint32_t own_id,
                               const Threads& threads) {
  const std::uint64_t begin = platform::clock_ns(CLOCK_MONOTONIC);
  leave_the_program_alone();
  watch_for_crashes();
  BlockList blocks;
  MemoryMap map;
  Rows rows;
  if (!map.read()) give_up(CensusRefusal::NoMap);
  if (!blocks.collect()) give_up(CensusRefusal::NoMemory);
  Roots roots(blocks, map, threads);
  Marker marker(blocks, map);
  if (!roots.find(departure, own_id) || !rows.prepare(blocks.size()) ||
      !marker.prepare(roots.nodes().begin(), roots.nodes().size(), findings().progress)) {
    give_up(CensusRefusal::NoMemory);
  }
  roots.mark(marker);
  marker.finish();
  add_up(blocks, marker, rows);
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    if (rows.largest(i) != kNoBlock) name_holders(blocks, marker, rows.largest(i), rows[i]);
  }
  findings().skipped_dominators = add_retained(blocks, marker, rows) ? 0 : 1;
  findings().blocks = blocks.size();
  findings().scanned_bytes = marker.scanned_bytes();
  findings().marking_ns = platform::clock_ns(CLOCK_MONOTONIC) - begin;
  publish(rows);
  end_copy();
}

// In the program ---------------------------------------------------------------------------------

// With no signal at its end, none of ours while it lives, and nothing for a debugger to follow.
long copy_process(std::uint64_t& old_mask) {
  const std::uint64_t all = ~std::uint64_t{0};
  system_call(SYS_rt_sigprocmask, SIG_BLOCK, platform::as_argument(&all),
              platform::as_argument(&old_mask), kSignalSetBytes);
  return system_call(SYS_clone, CLONE_UNTRACED, 0, 0, 0, 0);
}

// Reported like any other pause.
void note_pause(std::uint64_t begin_ticks) {
  const bootstrap::RecordingScope scope;
  if (!scope) return;
  if (record::ThreadRecorder* mine = record::recorder(scope)) {
    mine->note_own(wire::OwnCause::LeakCheck, begin_ticks, mine->own_pause_ticks());
  }
}

// By whoever holds `stopping`.
void take(const Departure* departure, Patience patience) {
  wire::Census& census = findings();
  const std::uint64_t begin = platform::clock_ns(CLOCK_MONOTONIC);
  const std::uint64_t begin_ticks = record::clock_runs() ? record::ticks_now() : 0;
  census.taken_ns = session.now();
  Threads threads;
  if (!threads.stop(patience)) {
    threads.resume();
    return refuse(census, CensusRefusal::NoMap);
  }
  census.threads = static_cast<std::uint32_t>(threads.size() + 1);
  census.threads_unseen = static_cast<std::uint32_t>(threads.unseen());
  census.state.store(CensusState::Marking, std::memory_order_release);
  const auto own_id = static_cast<std::uint32_t>(system_call(SYS_gettid));
  std::uint64_t old_mask = 0;
  const long copy = copy_process(old_mask);
  if (copy == 0) mark_in_copy(departure, own_id, threads);
  threads.resume();
  system_call(SYS_rt_sigprocmask, SIG_SETMASK, platform::as_argument(&old_mask), 0,
              kSignalSetBytes);
  if (platform::failed(copy)) return refuse(census, CensusRefusal::NoCopy);
  census.pid = static_cast<std::uint32_t>(copy);
  census.stopped_ns = platform::clock_ns(CLOCK_MONOTONIC) - begin;
  if (begin_ticks != 0) note_pause(begin_ticks);
}

// Another thread may be at it, for a moment.
bool wait_for_turn() {
  constexpr std::uint64_t kPatienceNs = 2'000'000'000;
  const std::uint64_t begin = platform::clock_ns(CLOCK_MONOTONIC);
  while (stopping.exchange(true, std::memory_order_acquire)) {
    if (platform::clock_ns(CLOCK_MONOTONIC) - begin > kPatienceNs) return false;
    system_call(SYS_sched_yield);
  }
  return true;
}

}  // namespace

void take_last_census(const Departure* departure) {
  if (session.header().census_wanted == 0) return;
  wire::Census& census = session.header().census;
  CensusState none = CensusState::None;
  if (!census.state.compare_exchange_strong(none, CensusState::Stopping)) return;
  if (session.header().interruption.times.load(std::memory_order_relaxed) != 0) {
    return refuse(census, CensusRefusal::Interrupted);
  }
  const bool restricted = session.is_restricted();
  if (restricted || !wait_for_turn()) {
    return refuse(census, restricted ? CensusRefusal::Restricted : CensusRefusal::NoReason);
  }
  {
    const bootstrap::RecordingScope scope;
    record::refresh_modules();
  }
  taken = &census;
  take(departure, Patience::Long);
  stopping.store(false, std::memory_order_release);
}

// A vfork child has our memory, but is not the program; in a signal handler that came over our own
// code the books may be half written.
void take_asked_census() {
  if (session.is_restricted() ||
      static_cast<std::uint32_t>(system_call(SYS_getpid)) != session.header().pid) {
    return;
  }
  const bool free_to = bool{bootstrap::RecordingScope()};
  if (!free_to || stopping.exchange(true, std::memory_order_acquire)) return;
  CensusState asked = CensusState::Asked;
  if (session.header().asked_census.state.compare_exchange_strong(asked, CensusState::Stopping)) {
    taken = &session.header().asked_census;
    const Departure departure = departure_of_caller();
    take(&departure, Patience::Short);
    session.header().watch.silence();
  }
  stopping.store(false, std::memory_order_release);
}

bool program_has_returned() {
  constexpr std::uint32_t kEnough = 64;
  std::uintptr_t frames[kEnough];
  const std::uint32_t count = unwind::capture_rules(frames, kEnough);
  if (count == 0 || count == kEnough) return false;
  const auto in_libc = reinterpret_cast<std::uintptr_t>(bootstrap::real.exit_now);
  const wire::ModuleRecord* libc = nullptr;
  for (wire::Ref ref = session.header().first_module.load(std::memory_order_acquire);
       ref != wire::kNoRef;) {
    const auto* module = session.at<wire::ModuleRecord>(ref);
    if (in_libc - module->base < module->end - module->base) libc = module;
    ref = module->next;
  }
  if (libc == nullptr) return false;
  // The outermost one is the program's entry, or libc's for a thread.
  for (std::uint32_t i = 0; i + 1 < count; ++i) {
    const bool in_it = frames[i] - libc->base < libc->end - libc->base;
    if (!in_it && !platform::is_own_code(frames[i])) return false;
  }
  return true;
}

}  // namespace heapscribe::census
