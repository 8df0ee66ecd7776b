// Asking the collector of a recording that is under way, from another process.
//
// The way is the session file, which belongs to the user who records and which nobody else may
// open: no socket, no port, no signal, and it works from any network namespace. A lock on the file
// tells whether the collector lives.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "preload/wire/session.h"

namespace heapscribe::collector {

// what() is one sentence.
class ControlError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The session that process `pid` is recorded into, or that collector `pid` writes; searched in
// `folder`. Throws ControlError.
std::string find_session(const std::string& folder, pid_t pid);

class Control {
 public:
  // Throws ControlError unless a collector is at work there.
  explicit Control(const std::string& session);
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  ~Control();

  pid_t target() const;
  // Path of the database that is being written; empty if it is not known.
  std::string database() const;
  // Waits until the snapshot is in the database; returns its number. Throws ControlError.
  std::uint32_t snapshot(const std::string& label, std::chrono::milliseconds patience);
  // Waits until a leak check is in the database. Throws ControlError.
  void check_leaks(std::chrono::milliseconds patience);
  // Returns once the program has followed. Throws ControlError if that is not possible, or if it
  // does not allocate or release anything meanwhile; then all is as it was.
  void pause_recording(std::chrono::milliseconds patience);
  void resume_recording(std::chrono::milliseconds patience);

 private:
  void wish(wire::RecordingWish wanted, std::chrono::milliseconds patience);
  bool is_paused() const;
  bool collector_lives() const;
  wire::Request& claim(std::chrono::steady_clock::time_point deadline);
  std::uint32_t ask(wire::RequestVerb verb, const std::string& label,
                    std::chrono::milliseconds patience);
  std::string reason_for_no_leak_check() const;

  std::string path_;
  int file_ = -1;
  wire::SessionHeader* header_ = nullptr;
};

}  // namespace heapscribe::collector
