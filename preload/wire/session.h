// The session: one shared mapping between the target and the collector.
//
// A sparse file (normally in /dev/shm) that the collector creates before the target starts. The
// library maps it, closes the descriptor, and from then on talks to nobody: it stores counters, the
// collector reads them at its own pace. After SIGKILL of the target the file still holds exact
// numbers; after SIGKILL of the collector too, `heapscribe recover` reads what is left.
//
// Guarantees
//  - Every 8-byte counter has one writing thread; it is monotonic unless its comment says
//  otherwise.
//    Readers use relaxed loads and may be one event behind between two counters of a row.
//  - A record is reachable from the header only after it is complete: links and row keys are
//    published with release and read with acquire.
//  - Space is handed out by a bump pointer (`used`) and never returned. Nothing moves.
//  - References are `Ref`: byte offset divided by 16. Ref 0 is "none" (the header lives there).
//  - The reader trusts nothing: it checks every Ref against `used` and the file size (see
//    session_view.h), since the target may have scribbled over the mapping.
//
// Space beyond `committed` has no storage behind it yet; touching it on a full file system would
// raise SIGBUS in the target. The collector keeps `committed` ahead of `used`.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "preload/wire/budget.h"
#include "preload/wire/census.h"
#include "preload/wire/losses.h"
#include "preload/wire/pauses.h"
#include "preload/wire/program.h"
#include "preload/wire/requests.h"
#include "preload/wire/size_buckets.h"
#include "preload/wire/trace.h"

namespace heapscribe::wire {

using Ref = std::uint32_t;
inline constexpr Ref kNoRef = 0;
inline constexpr std::size_t kUnit = 16;

inline constexpr std::uint64_t kSessionMagic = 0x31'42'49'52'43'53'50'48;  // "HPSCRIB1"
inline constexpr std::uint32_t kSessionVersion = 7;
inline constexpr std::uint64_t kMaxCapacity = std::uint64_t{64} << 30;  // what a Ref can address

// Sample: rows hold estimates (sampling.h); a table's allocations, allocated bytes and frees stay
// exact, its freed bytes are an estimate.
enum class Mode : std::uint32_t { Full = 0, Counts = 1, Sample = 2 };

constexpr std::string_view name_of(Mode mode) {
  if (mode == Mode::Counts) return "counts";
  return mode == Mode::Sample ? "sample" : "full";
}

// How a block came to be. A site has exactly one kind (the kind is part of its key).
enum class CallKind : std::uint16_t {
  Malloc,
  Calloc,
  Realloc,
  Aligned,  // memalign, posix_memalign, aligned_alloc, valloc, pvalloc
  New,
  NewArray,
  NewAligned,  // aligned new and new[]
};
inline constexpr std::size_t kCallKinds = 7;

// Waiting -> Recording -> Ended. Written by the library; an interrupted target stays Recording.
enum class SessionPhase : std::uint32_t { Waiting = 0, Recording = 1, Ended = 2 };

// What the library noticed of the end; the collector knows more when it is the parent.
enum class EndKind : std::uint32_t {
  Unknown = 0,        // killed, or left by a raw system call
  Exit = 1,           // exit or return from main; status is valid
  ImmediateExit = 2,  // _exit, _Exit; status is valid
  QuickExit = 3,      // quick_exit; status is valid
  Exec = 4,           // replaced by another program
  Abort = 5,          // abort
};

// One site's counters for one thread: two cache lines, one writer (the owner of the table).
// Rows are additive: a site may have several rows (per thread, per section, per grown row block);
// its numbers are the sums. Live = allocated - freed; a single row's live may be negative when its
// thread frees what others allocated.
struct alignas(64) SiteRow {
  std::atomic<std::uint64_t>
      key;  // 0 = slot empty; stack hash mixed with kind and section; stored last, release
  std::atomic<std::uint64_t> allocations;      // successful reallocs included
  std::atomic<std::uint64_t> allocated_bytes;  // requested
  std::atomic<std::uint64_t> usable_bytes;  // what malloc_usable_size said, summed over allocations
  std::atomic<std::uint64_t> frees;         // the old block of a realloc included
  std::atomic<std::uint64_t> freed_bytes;   // requested sizes of the freed blocks
  std::atomic<std::uint32_t> epoch;         // see peak_bytes
  Ref table;                                // CounterTable this row belongs to
  // Smallest and largest request; kSaturated = that or more: see the second line.
  std::atomic<std::uint32_t> min_size;
  std::atomic<std::uint32_t> max_size;
  // second line
  // Live at the high-water mark `epoch`, valid only while epoch == SessionHeader::epoch and not
  // SessionHeader::at_mark; otherwise the row has not changed since that mark and its current live
  // is the value at the peak.
  std::atomic<std::int64_t> peak_bytes;
  std::atomic<std::int64_t> peak_blocks;
  std::atomic<std::uint64_t> temporary;      // freed by the same thread before its next allocation
  std::atomic<std::uint64_t> reallocations;  // allocations made by realloc of an existing block
  std::atomic<std::uint64_t> huge_min_size;  // of the requests of kSaturated and more
  std::atomic<std::uint64_t> huge_max_size;
  std::atomic<std::uint64_t> first_ns;  // session time of the first event
  Ref stack;                            // innermost StackSegment; kNoRef = no stack recorded
  CallKind kind;
  std::uint16_t section;  // in which its blocks were made, see program.h; 0 = in none

  static constexpr std::uint32_t kSaturated = ~std::uint32_t{0};
  std::uint64_t smallest_request() const {
    const std::uint32_t size = min_size.load(std::memory_order_relaxed);
    return size != kSaturated ? size : huge_min_size.load(std::memory_order_relaxed);
  }
  std::uint64_t largest_request() const {
    const std::uint32_t size = max_size.load(std::memory_order_relaxed);
    return size != kSaturated ? size : huge_max_size.load(std::memory_order_relaxed);
  }
};
static_assert(sizeof(SiteRow) == 128,
              "two cache lines: the first is all that a plain event touches");

// What Mode::Sample knows of a row beside its estimates: estimates of their variance, in blocks^2
// and bytes^2. Live = allocated - freed, here too.
struct SampleRow {
  std::atomic<double> allocations_variance;
  std::atomic<double> bytes_variance;
  std::atomic<double> frees_variance;
  std::atomic<double> freed_bytes_variance;
};
static_assert(std::atomic<double>::is_always_lock_free);

// An open-addressed block of rows. A full block is followed by a larger one; the old one stays and
// keeps counting frees of its blocks.
struct alignas(64) RowBlock {
  Ref older;               // previous RowBlock of the same table
  std::uint32_t capacity;  // rows, a power of two
  std::uint64_t reserved[7];
  // SiteRow rows[capacity] follows, and in Mode::Sample SampleRow samples[capacity]
};
static_assert(sizeof(RowBlock) == 64);

// Where the blocks of a site are released, if that is wanted: a row for each pair of site and
// releasing stack, written by the releasing thread. Additive, like SiteRow. Releases whose row
// could not be made are missing here, and only here.
struct alignas(32) ReleaseRow {
  std::atomic<std::uint64_t> key;  // 0 = slot empty; stored last, release
  std::atomic<std::uint64_t> frees;
  std::atomic<std::uint64_t> bytes;  // requested sizes of the freed blocks
  Ref origin;                        // SiteRow that was charged for the block
  Ref stack;                         // as in SiteRow
};
static_assert(sizeof(ReleaseRow) == 32);

struct alignas(64) ReleaseBlock {
  Ref older;
  std::uint32_t capacity;  // rows, a power of two
  std::uint64_t reserved[7];
  // ReleaseRow rows[capacity] follows
};
static_assert(sizeof(ReleaseBlock) == 64);

// A table's life:
//   Owned --owner's thread is gone (collector)--> Free --new thread--> Claimed --owner set--> Owned
// The collector moves to Free after it has read the dead owner's last numbers, so per-thread
// attribution stays exact although tables are reused. Counters are never reset.
enum class TableState : std::uint32_t { Owned = 0, Free = 1, Claimed = 2 };

// All counters of one thread. What is not here is the sum of its rows.
struct alignas(64) CounterTable {
  Ref next;  // older table, or kNoRef
  std::atomic<TableState> state;
  std::atomic<Ref> owner;     // ThreadRecord
  std::atomic<Ref> blocks;    // newest RowBlock
  std::atomic<Ref> trace;     // first TraceRing, or kNoRef
  std::atomic<Ref> releases;  // newest ReleaseBlock, or kNoRef
  std::atomic<Ref> pauses;    // PauseTable of wire/pauses.h, or kNoRef
  std::uint64_t recorder;     // the library's own; an address in the target
  std::atomic<std::uint64_t> allocations;
  std::atomic<std::uint64_t> allocated_bytes;
  std::atomic<std::uint64_t> frees;
  std::atomic<std::uint64_t> freed_bytes;
  std::atomic<std::uint64_t> reallocations;
  std::atomic<std::uint64_t> temporary;
  std::atomic<std::uint64_t> unknown_frees;  // blocks that were not seen being allocated
  std::atomic<std::uint64_t> failed;         // calls that returned NULL
  std::atomic<std::uint64_t> unrecorded;     // allocations while recording was interrupted
  std::atomic<std::uint64_t> losses[kLossKinds];
  std::atomic<std::uint64_t> size_allocations[kSizeBuckets];  // by requested size
  OwnCounters own[kOwnCauses];                                // if pauses are wanted
};

struct ThreadRecord {
  Ref next;  // older thread
  std::uint32_t tid;
  std::uint32_t number;  // 1 = first thread seen
  Ref table;
  std::uint64_t start_ns;  // session time of its first event
};

// Up to kSegmentFrames return addresses, innermost first. Deeper stacks are chains: full segments
// counted from the outermost frame are shared between stacks, so deep recursion costs little.
inline constexpr std::uint32_t kSegmentFrames = 64;
struct StackSegment {
  std::uint64_t hash;       // of everything from the outside up to here, with the layout
  Ref outer;                // the next segment outwards, or kNoRef
  std::uint32_t count;      // frames in this segment
  std::uint32_t layout;     // module layout in force, see ModuleRecord
  std::uint32_t truncated;  // 1 = the unwinder did not reach the outermost frame
  // std::uint64_t frames[count] follows
};
static_assert(sizeof(StackSegment) % 8 == 0);

// One loaded object. An address in a stack of layout L belongs to the module whose [base, end)
// holds it and with first_layout <= L <= last_layout. The layout number changes when an object is
// loaded where a different one used to be; the objects loaded then are listed again for the new
// layout.
struct ModuleRecord {
  Ref next;  // older record
  std::uint32_t first_layout;
  std::atomic<std::uint32_t> last_layout;
  std::uint32_t path_length;
  std::uint64_t bias;       // load address minus link-time address
  std::uint64_t base, end;  // lowest and highest mapped address
  std::uint64_t load_ns;
  std::atomic<std::uint64_t> unload_ns;  // 0 while loaded
  std::uint32_t build_id_length;
  unsigned char build_id[32];
  std::uint32_t reserved;
  // char path[path_length] follows, no terminator
};

inline constexpr std::size_t kExecPathBytes = 512;

// From how many bytes on calls go the watched way (hooks/record.h), where the program looks at what
// is asked of it.
struct CallWatch {
  std::atomic<std::uint64_t> allocations, releases;              // in force
  std::atomic<std::uint64_t> usual_allocations, usual_releases;  // while nobody rings

  // The library's, before a second thread exists.
  void use(std::uint64_t allocations_from, std::uint64_t releases_from) {
    usual_allocations.store(allocations_from, std::memory_order_relaxed);
    usual_releases.store(releases_from, std::memory_order_relaxed);
    silence();
  }
  // The next call of any thread looks. Ring first, then ask: whoever follows silences it.
  void ring() {
    allocations.store(0, std::memory_order_relaxed);
    releases.store(0, std::memory_order_relaxed);
  }
  void silence() {
    allocations.store(usual_allocations.load(std::memory_order_relaxed), std::memory_order_relaxed);
    releases.store(usual_releases.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
};

struct SessionHeader {
  // Written once by the collector before the target starts.
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t header_bytes;
  std::uint64_t capacity;  // bytes that may be mapped
  Mode mode;
  std::uint32_t collector_pid;
  std::uint64_t sample_mean;  // bytes between samples in Mode::Sample
  TracePolicy trace;
  std::uint32_t free_stacks;         // 1 = where blocks are released is wanted too
  std::uint64_t largest_trace_ring;  // bytes of words that a ring may grow to
  std::uint32_t census_wanted;       // 1 = at the end of the program, and when asked
  std::uint32_t reserved1;
  std::uint64_t pause_threshold_ns;  // what counts as a pause; 0 = time is not read
  std::uint64_t ticks_per_us;        // of the time-stamp counter, about

  CallWatch watch;

  // Kept up to date by the collector.
  alignas(64) std::atomic<std::uint64_t> committed;  // bytes with storage behind them
  std::atomic<std::uint64_t> now_ns;          // session time (monotonic, since start), ~10 ms steps
  std::atomic<std::uint32_t> restricted;      // 1 = the target runs under a seccomp filter
  std::atomic<std::uint64_t> trace_progress;  // changes whenever the collector has made room in a
                                              // TraceRing

  // Written by the library.
  alignas(64) std::atomic<std::uint64_t> used;  // bump pointer, bytes
  std::atomic<SessionPhase> phase;
  std::uint32_t pid;
  std::uint64_t start_realtime_ns;
  std::uint64_t start_monotonic_ns;
  std::uint64_t tick_start;   // time-stamp counter at start_monotonic_ns, if pauses are wanted
  std::uint64_t timer_ticks;  // what reading the counter twice costs by itself
  std::atomic<std::uint64_t> clock_stopped_ns;  // session time from which the program forbade it
  std::atomic<EndKind> end_kind;
  std::atomic<std::int32_t> end_status;
  std::atomic<std::uint32_t> threads;              // ever seen
  std::atomic<std::uint32_t> unrecorded_children;  // forked children that allocated
  std::atomic<std::uint64_t> wanted;               // bytes that the library waits for; 0 = as usual
  std::atomic<Ref> first_table;
  std::atomic<Ref> first_thread;
  std::atomic<Ref> first_module;
  std::atomic<Ref> first_pool;  // PoolRecord of wire/pool.h; kNoRef = another allocator
  std::atomic<std::uint32_t> layout;
  std::atomic<std::uint64_t> losses[kLossKinds];  // those that no thread's table could take
  std::atomic<std::uint32_t> trace_ended;         // 1 = TracePolicy::Degrade came into force
  std::atomic<std::uint64_t> trace_end_ns;        // session time and event number of that moment
  std::atomic<std::uint64_t> trace_end_number;
  std::atomic<Ref> first_section;  // SectionRecord of program.h
  std::atomic<Ref> first_marker;   // MarkerRecord
  Interruption interruption;
  char exec_path[kExecPathBytes];  // for EndKind::Exec, zero-terminated

  Budget budget;

  alignas(64) Census census;        // at the end
  alignas(64) Census asked_census;  // at the collector's wish

  // The high-water mark; see preload/record/peak.h. What all threads add to lies apart from what
  // all of them read at every event.
  alignas(64) std::atomic<std::int64_t> flushed_live_bytes;  // not monotonic
  alignas(64) std::atomic<std::int64_t> peak_bytes;
  std::atomic<std::uint32_t> epoch;
  std::atomic<std::uint32_t> flush_step;        // bytes a thread may hold back; 0 = none
  std::atomic<std::uint32_t> at_mark;           // 1 = the rows hold the peak as they are
  std::atomic<std::uint64_t> peak_ns;           // session time of the peak
  std::atomic<std::uint64_t> peak_error_bytes;  // how far peak_bytes may be off; 0 = exact

  // Written by whoever asks something of the collector. The place for a call of the program's own:
  // claim a slot, fill it in, go on; the collector looks at every tick.
  alignas(64) Request requests[kRequests];
};
inline constexpr std::size_t kHeaderBytes = 4096;
// The header's page ends with the absolute path of the database, written once by the collector and
// zero-terminated; empty if it is too long.
inline constexpr std::size_t kDatabasePathBytes = 1024;
inline constexpr std::size_t kDatabasePathAt = kHeaderBytes - kDatabasePathBytes;
static_assert(sizeof(SessionHeader) <= kDatabasePathAt);

}  // namespace heapscribe::wire
