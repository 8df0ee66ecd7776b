// Runs a report as a process of its own, which can neither hang the server nor fill its memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "preload/collector/file_descriptor.h"
#include "viewer/server/interruption.h"

namespace heapscribe::viewer {

struct ProcessLimits {
  std::size_t output = std::size_t{256} << 20;  // more ends the process
  std::size_t errors = std::size_t{64} << 10;   // the rest is dropped
  std::chrono::milliseconds time{60'000};
};

enum class Ending { Exited, Crashed, TooLarge, TooSlow, Interrupted };

struct Finished {
  Ending ending = Ending::Exited;
  int status = 0;  // of an exit; of a crash the signal
  std::string output, errors;
};

inline constexpr char kThisProgram[] = "/proc/self/exe";

// `command` begins with the program's name for itself. Whatever happens, the process has ended and
// is no zombie when this returns. Throws std::system_error if it cannot be started.
Finished run_process(const char* program, const std::vector<std::string>& command,
                     const ProcessLimits& limits, const Interruptions& interruptions);

// How many processes may run at once.
class ProcessSlots {
 public:
  explicit ProcessSlots(unsigned count);

  // Holds one of them, or none if none became free in time.
  class Slot {
   public:
    explicit Slot(int slots) : slots_(slots) {}
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot();
    explicit operator bool() const { return slots_ >= 0; }

   private:
    int slots_;
  };
  Slot take(std::chrono::milliseconds patience, const Interruptions& interruptions) const;

 private:
  collector::FileDescriptor slots_;  // an eventfd that counts those that are free
};

}  // namespace heapscribe::viewer
