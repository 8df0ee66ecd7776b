// heapscribe recover: a database from what a dead collector left behind.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "analyzer/cli/command.h"
#include "analyzer/cli/new_recording.h"
#include "analyzer/cli/output.h"
#include "analyzer/cli/recording_end.h"
#include "preload/collector/collector.h"
#include "preload/collector/leftovers.h"

namespace heapscribe::cli {
namespace {

struct RecoverArguments {
  std::string source;
  std::string output;
  bool no_symbols = false;
};

// A program whose collector died meanwhile has begun by then, or it never will.
constexpr std::chrono::minutes kPatience{1};

// No argument: what there is to recover
// ---------------------------------------------------------------

std::string age_text(std::chrono::seconds age) {
  const auto seconds = age.count();
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} days", seconds / (24 * 3600));
}

std::string line_of(const collector::Leftover& leftover) {
  if (leftover.pid == 0) {
    return fmt::format("{:<20} {:>8} {:>8}  {}\n", "(did not begin)", "", age_text(leftover.age),
                       leftover.path);
  }
  return fmt::format("{:<20} {:>8} {:>8}  {}{}\n", leftover.program, leftover.pid,
                     age_text(leftover.age), leftover.path,
                     leftover.running ? " (still running)" : "");
}

int list_leftovers() {
  collector::remove_unbegun(collector::session_folder(), kPatience);
  const auto leftovers = collector::find_leftovers(collector::session_folder());
  print([&](std::ostream& out) {
    if (leftovers.empty()) {
      out << fmt::format("no interrupted recordings in {}\n", collector::session_folder());
      return;
    }
    out << fmt::format("{:<20} {:>8} {:>8}  {}\n", "program", "pid", "age", "session");
    for (const auto& leftover : leftovers) out << line_of(leftover);
    out << "\nrecover one with: heapscribe recover SESSION\n";
  });
  return kExitFine;
}

// One recording
// ---------------------------------------------------------------------------------------

bool is_database(const std::string& path) {
  constexpr std::string_view kMagic = "SQLite format 3";
  std::array<char, kMagic.size()> start{};
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), start.size());
  return file && std::string_view(start.data(), start.size()) == kMagic;
}

std::string recorded_value(capture::Database& recording, std::string_view key) {
  capture::Statement value = recording.prepare("SELECT value FROM recording WHERE key = ?");
  value.bind(1, key);
  return value.step() ? value.text(0) : std::string();
}

collector::End end_of(const collector::Leftover& leftover, const wire::SessionHeader& header) {
  if (leftover.running) return {"running", std::nullopt};
  return collector::end_noted_by(header);
}

int conclude(capture::Database& database, const RecoverArguments& arguments) {
  note(complete_recording(database, arguments.no_symbols ? Symbols::Leave : Symbols::LookUp));
  return kExitFine;
}

collector::RecordingInfo describe(const collector::Leftover& leftover,
                                  const wire::SessionHeader& header) {
  return {.program = leftover.program,
          .command_line = leftover.running ? collector::command_line(leftover.pid)
                                           : std::vector<std::string>{leftover.program},
          .working_directory = "",
          .unwinder = "",
          .mode = header.mode,
          .pid = leftover.pid,
          .session_path = leftover.path};
}

[[noreturn]] void refuse_empty(collector::SessionFile& session,
                               const collector::Leftover& leftover) {
  const bool over = leftover.age >= kPatience;
  if (over) session.remove();
  throw std::runtime_error(fmt::format("session '{}' {}", session.path(),
                                       over ? "held nothing, its program never began; it is removed"
                                            : "holds nothing: its program has not begun"));
}

// The rest of a session that says nothing of a database, or whose database is gone.
int recover_session_alone(const RecoverArguments& arguments) {
  auto session = collector::SessionFile::open(arguments.source);
  const collector::Leftover leftover = collector::look_at(session);
  if (leftover.pid == 0) refuse_empty(session, leftover);
  NewRecording output(
      arguments.output.empty() ? default_output(leftover.program, leftover.pid) : arguments.output,
      Existing::Refuse);
  capture::Database database = output.take();
  collector::recover_session(session, database, describe(leftover, session.header()),
                             end_of(leftover, session.header()));
  output.keep();
  if (!leftover.running) session.remove();
  return conclude(database, arguments);
}

// What a database lacks: the session of its recording, if that is still there.
class Remains {
 public:
  // Throws SessionError while the recording goes on.
  explicit Remains(capture::Database& recording) {
    const std::string path = recorded_value(recording, "session_path");
    if (access(path.c_str(), F_OK) != 0) return;
    session_.emplace(collector::SessionFile::open(path));
    leftover_ = collector::look_at(*session_);
  }
  void bring_into(capture::Database& database) {
    if (session_) {
      collector::recover_session(*session_, database, std::nullopt,
                                 end_of(leftover_, session_->header()));
    } else {
      collector::close_recording(database);
    }
  }
  void remove() {
    if (session_ && !leftover_.running) session_->remove();
  }

 private:
  std::optional<collector::SessionFile> session_;
  collector::Leftover leftover_;
};

int recover_database(const RecoverArguments& arguments) {
  auto original = capture::open_recording(arguments.source, capture::OpenMode::ReadWrite);
  if (recorded_value(original, "state") == "complete") {
    throw std::runtime_error(
        fmt::format("'{}' is complete; there is nothing to recover", arguments.source));
  }
  Remains remains(original);
  if (arguments.output.empty()) {
    remains.bring_into(original);
    remains.remove();
    return conclude(original, arguments);
  }
  auto copy = NewRecording::copy_of(original, arguments.output, Existing::Refuse);
  capture::Database database = copy.take();
  remains.bring_into(database);
  copy.keep();
  remains.remove();
  return conclude(database, arguments);
}

// What a database says of the recording that `session` belongs to.
enum class Begun { Elsewhere, Here, Unreadable };

Begun look_for_beginning(const std::string& database, const std::string& session) {
  if (database.empty() || !is_database(database)) return Begun::Elsewhere;
  try {
    auto recording = capture::open_recording(database, capture::OpenMode::ReadOnly);
    if (recorded_value(recording, "state") == "complete") return Begun::Elsewhere;
    std::error_code unlike;
    const bool same =
        std::filesystem::equivalent(recorded_value(recording, "session_path"), session, unlike);
    return same && !unlike ? Begun::Here : Begun::Elsewhere;
  } catch (const capture::DatabaseError&) {
    return Begun::Unreadable;
  }
}

// Part of a recording, and of its trace most, is in the database that it was written to. If that
// cannot be used, as on a full disk, what follows lacks that part, and it is said.
int recover_session(const RecoverArguments& arguments) {
  const std::string begun = collector::SessionFile::open(arguments.source).database();
  const Begun beginning = look_for_beginning(begun, arguments.source);
  std::string trouble = "it is damaged";
  if (beginning == Begun::Here) {
    try {
      return recover_database({begun, arguments.output, arguments.no_symbols});
    } catch (const capture::DatabaseError& error) {
      trouble = error.what();
    }
  }
  if (beginning != Begun::Elsewhere) {
    note(
        fmt::format("'{}', to which this recording was written at first, cannot be used ({}); "
                    "what only that has of it is missing here",
                    begun, trouble));
  }
  return recover_session_alone(arguments);
}

int recover(const RecoverArguments& arguments) {
  if (arguments.source.empty()) return list_leftovers();
  return is_database(arguments.source) ? recover_database(arguments) : recover_session(arguments);
}

}  // namespace

void add_recover_command(CLI::App& app, int& status) {
  auto arguments = std::make_shared<RecoverArguments>();
  CLI::App* command = app.add_subcommand(
      "recover", "Complete a recording whose collector was killed; without argument, list them");
  command->add_option("SOURCE", arguments->source, "the unfinished database, or its session file");
  command->add_option("-o,--output", arguments->output, "write another database");
  command->add_flag("--no-symbols", arguments->no_symbols, "do not look up functions and lines");
  command->callback([arguments, &status] { status = recover(*arguments); });
}

}  // namespace heapscribe::cli
