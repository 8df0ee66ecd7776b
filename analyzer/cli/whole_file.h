// Files that are there as a whole or not at all.
#pragma once

#include <string>

namespace heapscribe::cli {

// Writes a new file beside `path` and gives it its name, so that a reader, or a full disk, never
// sees half of it. Throws std::runtime_error with one sentence; then `path` is as it was.
void write_whole_file(const std::string& path, const std::string& text);

}  // namespace heapscribe::cli
