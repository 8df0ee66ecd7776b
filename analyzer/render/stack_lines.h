// A call stack on few lines.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/model/stack_table.h"

namespace heapscribe::render {

// The callers of the frame to blame, compactly: the nearest, how many more, main. Recursion is
// counted, what runs before main is left out.
std::vector<std::string> caller_chain(const model::SiteStack& stack, std::size_t width);

// The innermost `frames` (0 = all), one a line, with their source lines.
std::vector<std::string> frame_list(const model::SiteStack& stack, std::int64_t frames,
                                    std::size_t width);

// "site 7: malloc at parse.c:12"
std::string site_heading(model::SiteId site, const std::string& kind, const model::Frame& blamed);

// "file.c:12", "libz.so" where the source is unknown, "" where nothing is.
std::string short_place(const model::Frame& frame);

}  // namespace heapscribe::render
