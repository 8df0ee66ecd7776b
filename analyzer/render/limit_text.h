// What became of a limit of run --budget, in words.
#pragma once

#include <string>

#include "analyzer/reports/run_limits.h"

namespace heapscribe::render {

// "peak 100.0 MiB"
std::string limit_text(const reports::RunLimit& limit);
// "exceeded after 1.2 s by malloc of 4.0 KiB in parse (parse.c:12); 17 calls were refused", "kept".
std::string outcome_text(const reports::RunLimit& limit);

}  // namespace heapscribe::render
