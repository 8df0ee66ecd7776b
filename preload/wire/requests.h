// What is asked of the collector while the program runs.
//
// A slot goes round: Free -> Claimed (by compare-and-swap, whoever asks) -> Ready -> Answered (by
// the collector) -> Free (by whoever asked). Asking needs no system call, no lock and no waiting: a
// thread of the target may do it as well as another process that can write the session file, and
// that is its owner alone. An asker that dies leaves its slot behind; the collector takes it back.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heapscribe::wire {

enum class RequestState : std::uint32_t { Free = 0, Claimed = 1, Ready = 2, Answered = 3 };
enum class RequestVerb : std::uint32_t { Snapshot = 0, LeakCheck = 1 };
// Who asks, for the recording to tell.
enum class RequestOrigin : std::uint32_t { Command = 0, Program = 1 };

inline constexpr std::size_t kLabelBytes = 64;  // with the zero at the end
inline constexpr std::size_t kRequests = 8;

struct Request {
  std::atomic<RequestState> state;
  RequestVerb verb;
  RequestOrigin origin;
  // Number of the snapshot, or 1 for a leak check; 0 = it could not be taken.
  std::atomic<std::uint32_t> answer;
  char label[kLabelBytes];  // zero-terminated; empty = the collector chooses one
};

}  // namespace heapscribe::wire
