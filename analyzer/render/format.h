// Numbers for people.
#pragma once

#include <cstdint>
#include <string>

namespace heapscribe::render {

std::string format_count(std::int64_t count);           // 1,234,567
std::string format_bytes(std::int64_t bytes);           // 12.3 MiB
std::string format_exact_bytes(std::int64_t bytes);     // 12.3 MiB (12,897,484 bytes)
std::string format_share(double share);                 // 12.3 %
std::string format_duration(std::int64_t nanoseconds);  // 1.234 s
// "after 2.50 s"; of a moment that the recorder's coarse clock, which steps by some 10 ms, has as 0
// "in the first 10 ms".
std::string format_moment(std::int64_t nanoseconds);
std::string format_seconds(double seconds);  // the same

// "1 site", "3 sites".
std::string format_plural(std::int64_t count, const std::string& singular);

}  // namespace heapscribe::render
