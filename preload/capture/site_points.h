// Numbers of sites packed into one text, as schema.sql describes for snapshot_points:
// "[[site,live blocks,live bytes,allocations,bytes],...]", ordered by site.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace heapscribe::capture {

struct HeldBySite {
  std::uint32_t site = 0;
  std::int64_t live_blocks = 0, live_bytes = 0;
  std::uint64_t allocations = 0, bytes = 0;  // totals so far
  bool operator==(const HeldBySite&) const = default;
};

std::string pack_points(std::span<const HeldBySite> points);

// The later of two texts wins where both have a site. Texts that are no such lists give what could
// be read.
std::string merge_points(std::string_view earlier, std::string_view later);

// A list of lists of numbers, e.g. of `site_interval` too: calls `row` with the numbers of each,
// the missing ones 0. False when the text is something else; rows before the damage were passed on.
inline constexpr std::size_t kMostNumbers = 5;
bool for_each_row(std::string_view text,
                  const std::function<void(std::span<const std::int64_t, kMostNumbers>)>& row);

}  // namespace heapscribe::capture
