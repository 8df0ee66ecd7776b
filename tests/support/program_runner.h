// Runs a program to its end, or to a limit that only a hang can reach.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace heapscribe::tests {

struct Command {
  std::vector<std::string> arguments;  // the first is looked up in PATH
  // On top of the caller's environment, from which LD_PRELOAD and HEAPSCRIBE_* are always removed.
  // An empty optional removes a variable.
  std::map<std::string, std::optional<std::string>> environment = {};
  std::filesystem::path directory = {};  // empty = the caller's
  std::string input = {};                // standard input; small enough for a pipe
  std::vector<int> closed = {};          // descriptors that the program starts without
  std::chrono::seconds limit{120};       // then the whole process group is killed
};

struct Finished {
  int exit_status = -1;  // -1 when a signal ended it
  int signal = 0;        // 0 when it exited
  bool timed_out = false;
  std::string out;
  std::string err;
};

// So that a failed comparison shows everything the program said.
void PrintTo(const Finished& finished, std::ostream* stream);
std::string describe(const Finished& finished);

// A started program. Its process group dies with this object.
class RunningProgram {
 public:
  explicit RunningProgram(const Command& command);
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;
  ~RunningProgram();

  pid_t pid() const { return pid_; }
  // To be called once. Returns when the program has ended and nobody holds its output open.
  Finished finish();

 private:
  void read_output(Finished& finished, std::chrono::steady_clock::time_point deadline) const;

  pid_t pid_ = -1;
  int process_ = -1;  // pidfd
  int out_ = -1;
  int err_ = -1;
  std::chrono::seconds limit_;
};

Finished run(const Command& command);

// True when `name` is an executable in PATH.
bool is_installed(const std::string& name);

// A fresh directory, removed with everything in it at the end of its life.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string read_text(const std::filesystem::path& file);
void write_text(const std::filesystem::path& file, const std::string& text);

// Waits until `condition` holds; false after a minute, which only a hang can take.
bool wait_until(const std::function<bool()>& condition);

}  // namespace heapscribe::tests
