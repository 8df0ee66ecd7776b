// What the formats of check have in common in words.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/reports/check.h"

namespace heapscribe::render {

std::string amount_of(reports::Figure figure, std::int64_t value);  // "1,000", "31.2 KiB"
std::string change_of(reports::Figure figure, std::int64_t value);  // "+1,000", "-31.2 KiB"
// Exact where a rounded size would hide the change.
struct Sides {
  std::string before, now;
};
Sides sides_of(reports::Figure figure, const reports::FigureCheck& check);
// "1,000 more allocations", "31.2 KiB more", "a peak 3 KiB higher", "2 more leaked blocks"
std::string rise_in_words(reports::Figure figure, std::int64_t change);
// "PriceIndex<>::find", of a path that is gone its last function, of a branch "below reply".
std::string function_of(const reports::PathCheck& check);
// "PriceIndex<>::find (price_list.h:34)"
std::string function_at_place(const reports::PathCheck& check);
// The figure that a path is a finding for: the first that rose, in the order of Figure.
// The figure of a path to name first: one that rose in all as well, lost blocks before others.
reports::Figure worst_figure(const reports::FigureChecks& path, const reports::FigureChecks& total);
// "of the run", "of budget parser"
std::string name_of(const reports::LimitCheck& limit);  // "parser: allocations", "peak"
std::string amount_of(const reports::LimitCheck& limit, double value);

}  // namespace heapscribe::render
