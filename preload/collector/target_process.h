// The recorded program as the kernel shows it. TargetProcess is owned by the collector's main
// thread, SeccompWatch by the heartbeat's.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "preload/collector/counter_reader.h"
#include "preload/collector/file_descriptor.h"

namespace heapscribe::collector {

class TargetProcess : public ThreadWatch {
 public:
  explicit TargetProcess(pid_t pid);

  pid_t pid() const { return pid_; }
  // Waits at most `patience`; true once the process and all its threads are gone.
  bool ended_within(std::chrono::milliseconds patience);
  // As waitpid would give it, where the kernel tells a process that is not the parent.
  std::optional<int> wait_status();

  bool alive(std::uint32_t tid) override;
  std::string name(std::uint32_t tid) override;
  std::uint64_t resident_bytes();

  // Where the kernel put the program's image; another one after an exec. Empty = may not be seen,
  // or there is none: a process that ends has given it up long before it is gone, if it was large.
  std::string image() const;
  std::string executable() const;
  std::string command_name() const;

 private:
  std::string proc(const char* entry) const;

  pid_t pid_;
  FileDescriptor pidfd_;
  FileDescriptor statm_;
};

// Cheap enough for every other heartbeat.
class SeccompWatch {
 public:
  explicit SeccompWatch(pid_t pid);
  // How restricted the process is; compares with an earlier answer. Nothing if unknown.
  std::optional<std::uint64_t> filters() const;

 private:
  FileDescriptor status_;
};

// Of /proc/PID/stat; see TargetProcess::image.
std::string image_of(const std::string& stat);

// The arguments of a living process.
std::vector<std::string> command_line(pid_t pid);

}  // namespace heapscribe::collector
