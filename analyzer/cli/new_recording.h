// The database that a recording is about to be written to.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "preload/capture/database.h"
#include "preload/collector/session_file.h"

namespace heapscribe::cli {

// heapscribe.PROGRAM.PID.db in the working directory; numbered if that exists already.
std::string default_output(const std::string& program, pid_t pid);

std::string working_directory();  // empty if it is gone

enum class Existing { Refuse, Replace };

// Creates files, and takes them back unless the recording comes to something.
class NewRecording {
 public:
  // Without rows. Throws std::exception with one sentence if `path` cannot be written, or exists
  // already.
  NewRecording(std::string path, Existing existing);
  // With everything that `original` has.
  static NewRecording copy_of(capture::Database& original, std::string path, Existing existing);
  NewRecording(const NewRecording&) = delete;
  NewRecording& operator=(const NewRecording&) = delete;
  ~NewRecording();

  const std::string& path() const { return path_; }
  // Absolute; where a session may be put if there is no better place.
  std::string folder() const;
  capture::Database take() { return std::move(*database_); }
  // The session goes as well, unless the recording is kept.
  void with(const collector::SessionFile& session) { session_ = session.path(); }
  void keep() { kept_ = true; }
  void discard() { kept_ = false; }

 private:
  using Create = std::function<capture::Database(const std::string& path)>;
  NewRecording(std::string path, Existing existing, const Create& create);

  std::string path_;
  std::optional<capture::Database> database_;
  std::string session_;  // its path
  bool kept_ = false;
};

}  // namespace heapscribe::cli
