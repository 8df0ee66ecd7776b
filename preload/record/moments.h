// Moments that the program names: markers, which are noted here, and snapshots, which the collector
// takes. No lock, no system call, no waiting.
#pragma once

#include <cstdint>
#include <string_view>

namespace heapscribe::record {

// False without space, or after too many.
bool note_marker(std::string_view name, std::uint32_t thread);

// False if all requests are taken (wire/requests.h).
bool ask_for_snapshot(std::string_view label);

}  // namespace heapscribe::record
