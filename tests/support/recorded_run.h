// A program run under `heapscribe run`, and what the commands say about its recording.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/program_runner.h"

namespace heapscribe::tests {

// Where the build put things.
std::filesystem::path heapscribe_command();
std::filesystem::path heapscribe_library();
std::filesystem::path counting_library();
std::filesystem::path test_program(const std::string& name);
std::filesystem::path sample_program(const std::string& name);

// What the counting interposer saw in one program image.
struct Counts {
  std::uint64_t allocations = 0;
  std::uint64_t frees = 0;
  std::uint64_t bytes = 0;
  std::uint64_t reallocations = 0;
  std::uint64_t failed = 0;
  std::string program;
  friend bool operator==(const Counts&, const Counts&) = default;
};
void PrintTo(const Counts& counts, std::ostream* stream);

// The file that image number `image` of process `pid` left in `directory`.
std::optional<Counts> read_counts(const std::filesystem::path& directory, pid_t pid, int image = 0);
// All files of one program, by its short name.
std::vector<Counts> counts_of_program(const std::filesystem::path& directory,
                                      const std::string& program);

struct Frame {
  std::string function;
  std::string file;
  std::int64_t line = 0;
  std::string module;
  bool inlined = false;
};

// One row of `hotspots`, `peak`, `temporary` or `leaks`.
struct Row {
  std::uint64_t allocations = 0;
  std::uint64_t bytes = 0;
  std::int64_t live_blocks = 0;
  std::int64_t live_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t temporary = 0;
  std::string kind;          // malloc, new, ...
  std::string function;      // the one to blame, not an allocation function
  std::vector<Frame> stack;  // innermost first

  bool calls(const std::string& name) const;  // some frame's function has this name
};
void PrintTo(const Row& row, std::ostream* stream);

struct Summary {
  std::uint64_t allocations = 0;
  std::uint64_t frees = 0;
  std::uint64_t reallocations = 0;
  std::uint64_t allocated_bytes = 0;
  std::int64_t live_blocks = 0;
  std::int64_t live_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t temporary_allocations = 0;
  std::uint64_t threads = 0;
  std::uint64_t sites = 0;
  std::map<std::string, std::uint64_t> losses;
  double duration_seconds = 0;
};

// Reads a finished recording through the command line, as a script would. A command that fails is a
// test failure and gives an empty answer.
class Recording {
 public:
  explicit Recording(std::filesystem::path database) : database_(std::move(database)) {}
  const std::filesystem::path& path() const { return database_; }
  bool exists() const;

  Summary summary() const;
  std::vector<Row> rows(const std::string& report,
                        const std::vector<std::string>& options = {}) const;
  std::string json_text(const std::string& report,
                        const std::vector<std::string>& options = {}) const;
  // Table `recording`; empty when there is no such key.
  std::string property(const std::string& key) const;
  // The first column of the first row.
  std::int64_t integer(const std::string& sql) const;
  // The database as SQLite sees it: "ok", or what is wrong.
  std::string integrity() const;

  // Sums over all rows of `hotspots` that call `function`.
  Row total_of(const std::string& function) const;

 private:
  std::filesystem::path database_;
};

struct RecordedRun {
  Finished finished;
  Recording recording;
  std::string closing_line;  // taken off finished.err
};

// A test with a directory of its own, in which every program runs.
class EndToEnd : public ::testing::Test {
 protected:
  std::filesystem::path directory() const { return directory_.path(); }
  std::filesystem::path file(const std::string& name) const { return directory() / name; }
  std::filesystem::path counts_directory() const { return counts_.path(); }

  Command in_directory(std::vector<std::string> arguments) const;

  // As the user would run it, without heapscribe.
  Finished run_plain(Command command) const;
  // Under `heapscribe run`, and with the counting interposer below the library.
  RecordedRun run_recorded(Command command, const std::vector<std::string>& options = {}) const;
  // The command line of `heapscribe run` for `command`, writing to `database`.
  static Command recording_command(Command command, const std::filesystem::path& database,
                                   const std::vector<std::string>& options = {});
  static Command with_counting(Command command, const std::filesystem::path& directory);

  // Runs a program both ways and demands that nothing but the closing line differs, that the
  // recording counted exactly what the interposer counted in the same run, and that nothing was
  // lost.
  RecordedRun expect_same_and_exact(const Command& command) const;
  // The second half of the above, for a run of one's own.
  void expect_exact(const RecordedRun& run) const;
  static void expect_same(const Finished& plain, const RecordedRun& recorded);

  // What the interposer saw of the recorded process.
  std::optional<Counts> counts_of(const RecordedRun& run) const;

 private:
  std::filesystem::path next_database() const;

  TemporaryDirectory directory_;
  TemporaryDirectory counts_;
  TemporaryDirectory databases_;
  mutable int recordings_ = 0;
};

// One sentence on stderr that begins with "heapscribe: ", and exit status 2.
void expect_refusal(const Finished& finished);

}  // namespace heapscribe::tests
