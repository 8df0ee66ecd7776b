// What the census found: for every live block whether the program can still reach it. Taken in a
// copy of the program (preload/census/), read by the collector. There are two in a session: the one
// at the program's end, and the one that the collector asks for while it runs, as often as it
// likes.
//
// Guarantees
//  - Everything here is written by the copy, except what is said to be the program's; the rows are
//    complete once `state` is Complete (release/acquire).
//  - Classes are memcheck's: definite = nothing points to it; indirect = only lost blocks do;
//    possible = reachable only through pointers into the middle of blocks; reachable.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace heapscribe::wire {

enum class BlockClass : std::uint32_t { Definite = 0, Indirect = 1, Possible = 2, Reachable = 3 };
inline constexpr std::size_t kBlockClasses = 4;
inline constexpr std::string_view kBlockClassNames[kBlockClasses] = {"definite", "indirect",
                                                                     "possible", "reachable"};

enum class CensusState : std::uint32_t {
  None = 0,      // nobody has asked
  Stopping = 1,  // the program stops its threads and copies itself
  Marking = 2,   // the copy is at work
  Complete = 3,
  Refused = 4,  // see `refusal`
  Asked = 5,    // by the collector, when it has read what was here before
};

enum class CensusRefusal : std::uint32_t {
  NoReason = 0,
  Restricted = 1,   // a seccomp filter might forbid what is needed
  NoCopy = 2,       // the kernel refused to copy the process
  NoMemory = 3,     // in the copy
  NoMap = 4,        // /proc/self cannot be read
  NoSpace = 5,      // in the session
  Crashed = 6,      // a mistake of ours: see fault_code and fault_address
  Interrupted = 7,  // recording was paused for a while
};
inline constexpr std::string_view kCensusRefusalTexts[] = {
    "the check was not finished",
    "the program filters its system calls (seccomp)",
    "the kernel refused to copy the program",
    "there was no memory for it",
    "/proc/self cannot be read (no /proc, or no free descriptor), or there is no memory for it",
    "the session was full",
    "it failed by a mistake of heapscribe's",
    "recording was paused: what was not recorded may hold what was",
};

// Registers that a function preserves for its caller: what a thread that was not looked at may hold
// beside its stack.
inline constexpr std::size_t kPreservedRegisters = 6;

// Where the chain of pointers to a reachable block begins.
enum class RootKind : std::uint32_t {
  None = 0,
  Global = 1,
  Stack = 2,
  Register = 3,
  ThreadLocal = 4,
  Registered = 5,  // by the program, see heapscribe.h
};

// Live blocks of one SiteRow.
struct CensusRow {
  std::uint32_t row;      // Ref
  std::uint32_t holders;  // of `holder` that are known
  std::uint64_t blocks[kBlockClasses];
  std::uint64_t bytes[kBlockClasses];  // requested
  // Bytes that nothing else would hold if this row's reachable blocks, each for itself, were gone;
  // 0 = not computed.
  std::uint64_t retained_bytes;
  // Who holds the largest reachable block: SiteRows from the nearest holder outwards, and the root.
  static constexpr std::size_t kHolders = 6;
  std::uint32_t holder[kHolders];
  RootKind root;
  std::uint32_t root_thread;   // kernel id; of a stack, register or thread-local
  std::uint64_t root_address;  // where the pointer lies
};

struct Census {
  std::atomic<CensusState> state;
  std::atomic<CensusRefusal> refusal;
  std::uint32_t pid;             // of the copy; the program's
  std::uint32_t threads;         // stopped and looked at; the program's
  std::uint32_t threads_unseen;  // their registers are not known; the program's
  std::uint32_t row_count;
  std::uint32_t row_capacity;
  std::uint32_t rows;                // Ref of CensusRow[row_count]
  std::uint32_t skipped_dominators;  // 1 = too many blocks to tell who retains what
  std::uint64_t taken_ns;            // session time; the program's
  std::uint64_t stopped_ns;          // how long the threads stood still; the program's
  std::uint64_t marking_ns;
  std::uint64_t scanned_bytes;
  std::uint64_t blocks;
  std::uint64_t fault_code, fault_address;  // an instruction, and what it asked for
  std::atomic<std::uint64_t> progress;      // rises while the copy is alive
};

}  // namespace heapscribe::wire
