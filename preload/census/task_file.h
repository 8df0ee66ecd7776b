// The kernel's small files about a thread of this process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace heapscribe::census {

// /proc/self/task/THREAD/NAME as far as it fits into `text`; empty if it cannot be read.
std::string_view read_task_file(std::uint32_t thread, std::string_view name, char* text,
                                std::size_t capacity);

}  // namespace heapscribe::census
