// What clients of the viewer's server may have of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace heapscribe::viewer {

// Clients that nobody is busy with: they have not asked yet, wait for their turn, or are about to
// leave. For one more the oldest goes that does not wait for an answer.
inline constexpr std::size_t kMostWaiting = 256;
inline constexpr std::chrono::seconds kTimeToAsk{10};  // the whole head of a request
inline constexpr std::uint32_t kLongestHead = 16 << 10;

inline constexpr int kAnsweredAtOnce = 64;
inline constexpr unsigned kReportsAtOnce = 4;
inline constexpr std::chrono::seconds kTimeToTake{120};  // an answer

// After its answer: closing with unread input would take the answer back.
inline constexpr std::chrono::milliseconds kTimeToLeave{500};

}  // namespace heapscribe::viewer
