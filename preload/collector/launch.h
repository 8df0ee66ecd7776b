// How the recorded program is started: as our child that waits until everything is ready for it.
//
// The child is made first, because the database is named after its process id and because nothing
// that we open or change afterwards can then leak into it: it keeps the signals, the mask and the
// descriptors that heapscribe was started with.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "preload/collector/descriptors.h"

namespace heapscribe::collector {

using Environment = std::vector<std::pair<std::string, std::string>>;

class WaitingProgram {
 public:
  // Throws std::system_error.
  explicit WaitingProgram(const std::vector<std::string>& command);
  WaitingProgram(const WaitingProgram&) = delete;
  WaitingProgram& operator=(const WaitingProgram&) = delete;
  // A program that was never started ends without having run.
  ~WaitingProgram();

  pid_t pid() const { return pid_; }
  // Runs the program with `changes` to its environment. Returns 0, or the errno of a failed exec.
  int start(const Environment& changes);
  // Waits for the end; returns the wait status.
  int wait();

 private:
  pid_t pid_ = -1;
  FileDescriptor go_, outcome_;
};

// From now on we survive what the terminal sends to both, and pass on what is sent to us alone.
// Call it after the child was made, which would inherit it.
void forward_signals_to(pid_t child);

// The limits that were set for the program do not bind its collector, as far as we may say so.
void lift_limits();

// LD_PRELOAD and HEAPSCRIBE_*: what makes a program load the library and find its session.
// `allocator`: system, pool, or the path of a library to load below ours.
struct LibrarySettings {
  std::string library{}, session{}, mode{}, unwinder{}, allocator = "system";
};
Environment library_environment(const LibrarySettings& settings);

// libheapscribe.so beside the running executable, or $HEAPSCRIBE_LIBRARY.
// Throws UnfitTarget with one sentence.
std::string find_library();

}  // namespace heapscribe::collector
