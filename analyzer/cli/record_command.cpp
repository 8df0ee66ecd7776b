// heapscribe run: starts a program with the library in front and records it.
#include <fmt/format.h>
#include <sys/wait.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "analyzer/cli/command.h"
#include "analyzer/cli/literal_arguments.h"
#include "analyzer/cli/new_recording.h"
#include "analyzer/cli/output.h"
#include "analyzer/cli/recording_end.h"
#include "analyzer/cli/recording_options.h"
#include "analyzer/model/file_name.h"
#include "analyzer/render/format.h"
#include "preload/collector/collector.h"
#include "preload/collector/launch.h"
#include "preload/collector/target_check.h"

namespace heapscribe::cli {
namespace {

struct RunArguments {
  std::vector<std::string> command;
  std::string output;
  RecordingOptions recording;
  std::string allocator = "system";
  bool trace = false;
  std::string trace_full = "block";
  std::uint64_t trace_ring = wire::kLargestTraceRing;
  bool force = false, quiet = false, no_symbols = false;
};

std::string output_path(const RunArguments& arguments, pid_t pid) {
  if (!arguments.output.empty()) return arguments.output;
  return default_output(model::file_name(arguments.command.front()), pid);
}

Symbols symbols_wanted(const RunArguments& arguments) {
  return arguments.no_symbols ? Symbols::Leave : Symbols::LookUp;
}

collector::RecordingInfo describe(const RunArguments& arguments, pid_t pid,
                                  const collector::SessionFile& session) {
  return {.program = model::file_name(arguments.command.front()),
          .command_line = arguments.command,
          .working_directory = working_directory(),
          .unwinder = arguments.recording.unwinder,
          .mode = arguments.recording.mode.mode(),
          .pid = pid,
          .session_path = session.path(),
          .allocator = arguments.allocator,
          .sample_mean = arguments.recording.mode.sample_mean,
          .preset = arguments.recording.preset};
}

void start(collector::WaitingProgram& child, const collector::LibrarySettings& settings,
           const std::string& program) {
  const int error = child.start(collector::library_environment(settings));
  if (error == 0) return;
  throw std::runtime_error(fmt::format("cannot run '{}': {}", program, std::strerror(error)));
}

int exit_status(int wait_status) {
  constexpr int kSignalBase = 128;
  return WIFSIGNALED(wait_status) ? kSignalBase + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

// The program's own status, except that a recording that failed is not a success.
int status_without_recording(int wait_status) {
  const int status = exit_status(wait_status);
  return status == kExitFine ? kExitInput : status;
}

std::string unheard(const std::string& program) {
  return fmt::format(
      "'{}' ran without being recorded: it ended before the library could begin, or its loader did "
      "not load it",
      program);
}

void note_breach(const capture::BudgetRow& limit) {
  const bool bytes = limit.figure != "allocations";
  const auto most = static_cast<std::int64_t>(limit.most);
  note(fmt::format("the program exceeds its budget ({} {}) after {}", limit.figure,
                   bytes ? render::format_bytes(most) : render::format_count(most),
                   render::format_duration(static_cast<std::int64_t>(limit.breach->ns))));
}

int record(const RunArguments& arguments) {
  const std::vector<int> inherited = collector::inherited_descriptors();
  collector::occupy_standard_descriptors();
  const std::string program = collector::find_program(arguments.command.front());
  collector::check_target(program);
  const std::string library = collector::find_library();
  const std::string below = collector::find_allocator(arguments.allocator);

  collector::WaitingProgram child(arguments.command);
  collector::leave_to_program(inherited);
  collector::forward_signals_to(child.pid());
  collector::lift_limits();
  NewRecording output(output_path(arguments, child.pid()),
                      arguments.force ? Existing::Replace : Existing::Refuse);
  auto session = collector::SessionFile::create_somewhere(
      output.folder(), {arguments.recording.mode.mode(), arguments.recording.mode.sample_mean});
  output.with(session);
  if (arguments.trace) {
    collector::ask_for_trace(session.header(), arguments.trace_full, arguments.trace_ring);
  }
  arguments.recording.apply_to(session.header());
  collector::Collector collector(session, output.take(), describe(arguments, child.pid(), session));
  arguments.recording.snapshots.apply_to(collector);
  if (!arguments.quiet) collector.tell_breaches(note_breach);
  collector::TargetProcess target(child.pid());
  start(child,
        {library, session.path(), arguments.recording.mode.name, arguments.recording.unwinder,
         below.empty() ? arguments.allocator : below},
        program);

  output.keep();
  const std::atomic<bool> never{false};
  const collector::Stop stop = collector.run(target, never);
  std::optional<int> status;
  collector::End end{"execed", std::nullopt};
  if (stop == collector::Stop::Ended) {
    status = child.wait();
    end = collector::end_of_wait_status(session.header(), *status);
  }
  if (!collector.heard_from_target()) {
    output.discard();
    note(unheard(program));
    return status_without_recording(*status);
  }
  const Outcome outcome =
      finish_recording(collector, session, stop, end, symbols_wanted(arguments));
  if (!status) status = child.wait();
  if (!outcome.recorded || !arguments.quiet) note(outcome.sentence);
  return outcome.recorded ? exit_status(*status) : status_without_recording(*status);
}

}  // namespace

void add_run_command(CLI::App& app, int& status) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command = app.add_subcommand("run", "Record a program");
  command->add_option("-o,--output", arguments->output,
                      "database to write (default: heapscribe.PROGRAM.PID.db)");
  command->add_flag("--force", arguments->force, "replace the output if it exists");
  arguments->recording.add_preset_to(*command);
  arguments->recording.add_to(*command);
  command
      ->add_option("--allocator", arguments->allocator,
                   "system; pool: heapscribe's own, see `heapscribe pools`; or the path of a "
                   "library, e.g. jemalloc's")
      ->envname("HEAPSCRIBE_ALLOCATOR")
      ->capture_default_str();
  command->add_flag("--trace", arguments->trace,
                    "record every single event in order as well, for heapscribe trace");
  command
      ->add_option("--trace-full", arguments->trace_full,
                   "when a thread is faster than the trace can be written: block = it waits, "
                   "drop = events are missing, degrade = the trace ends")
      ->check(CLI::IsMember({"block", "drop", "degrade"}))
      ->capture_default_str();
  command
      ->add_option("--trace-ring", arguments->trace_ring,
                   "what a thread's trace buffer may grow to, 1KiB to 4MiB")
      ->transform(CLI::Validator(to_bytes, "SIZE"))
      ->check(CLI::Range(wire::kSmallestTraceRing, wire::kLargestTraceRing))
      ->default_str("4MiB");
  command->add_flag("--no-symbols", arguments->no_symbols,
                    "leave the look-up of functions and lines to heapscribe symbolize");
  command->add_flag("--quiet", arguments->quiet, "no closing line");
  command->add_option("PROGRAM", arguments->command, "the program and its arguments")->required();
  command->positionals_at_end();
  command->callback([arguments, command, &status] {
    arguments->recording.settle(*command, arguments->trace);
    arguments->recording.expect_effect(*command);
    for (const char* option : {"--trace-full", "--trace-ring"}) {
      if (!arguments->trace && command->count(option) != 0) {
        throw std::runtime_error(fmt::format("{} wants --trace", option));
      }
    }
    arguments->output = unmarked(arguments->output);
    for (std::string& argument : arguments->command) argument = unmarked(argument);
    status = record(*arguments);
  });
}

}  // namespace heapscribe::cli
