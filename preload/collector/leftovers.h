// Sessions whose collector died before it could finish them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "preload/collector/session_file.h"

namespace heapscribe::collector {

struct Leftover {
  std::string path;
  std::string program;  // empty if it had not begun
  pid_t pid = 0;        // 0 likewise
  std::chrono::seconds age{0};
  bool running = false;
};

// What a session tells about itself.
Leftover look_at(SessionFile& session);

// This user's leftover sessions in `folder`, oldest first. Those that are being recorded are not.
std::vector<Leftover> find_leftovers(const std::string& folder);

// Removes those of them that hold nothing, because their program never began. One that is younger
// than `patience` stays: its program may still be loading. Returns how many went.
std::size_t remove_unbegun(const std::string& folder, std::chrono::seconds patience);

}  // namespace heapscribe::collector
