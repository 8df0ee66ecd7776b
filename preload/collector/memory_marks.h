// Tells when a process comes near the memory that it may have: what it holds then is worth noting,
// before the kernel ends it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace heapscribe::collector {

class MemoryMarks {
 public:
  // `limit` in bytes; 0 = not known, nothing is ever near.
  explicit MemoryMarks(std::uint64_t limit) : limit_(limit) {}

  // The highest mark that is passed for the first time, in percent of the limit.
  std::optional<unsigned> passed(std::uint64_t resident_bytes) {
    std::optional<unsigned> highest;
    while (limit_ != 0 && next_ < kPercent.size() &&
           resident_bytes >= limit_ / kWhole * kPercent[next_]) {
      highest = kPercent[next_++];
    }
    return highest;
  }

 private:
  static constexpr std::uint64_t kWhole = 100;
  static constexpr std::array<unsigned, 3> kPercent = {75, 90, 95};
  std::uint64_t limit_;
  std::size_t next_ = 0;
};

}  // namespace heapscribe::collector
