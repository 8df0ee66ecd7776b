// heapscribe collect: the collector under a bare LD_PRELOAD. Started by the library inside the
// program, which waits for our exit: 0 = a daemon of ours records it.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "analyzer/cli/command.h"
#include "analyzer/cli/new_recording.h"
#include "analyzer/cli/recording_end.h"
#include "analyzer/cli/recording_options.h"
#include "analyzer/model/file_name.h"
#include "preload/collector/collector.h"
#include "preload/collector/descriptors.h"
#include "preload/collector/launch.h"

namespace heapscribe::cli {
namespace {

constexpr std::string_view kReady = "ready";

struct CollectArguments {
  int pid = 0;
  std::string session, output;
  RecordingOptions recording;
  std::string trace;
};

std::string program_name(const collector::TargetProcess& target) {
  std::string name = model::file_name(target.executable());
  constexpr std::string_view kDeleted = " (deleted)";
  if (name.ends_with(kDeleted)) name.resize(name.size() - kDeleted.size());
  return name.empty() ? target.command_name() : name;
}

collector::RecordingInfo describe(const CollectArguments& arguments, const std::string& program) {
  return {.program = program,
          .command_line = collector::command_line(arguments.pid),
          .working_directory = working_directory(),
          .unwinder = arguments.recording.unwinder,
          .mode = arguments.recording.mode.mode(),
          .pid = arguments.pid,
          .session_path = arguments.session,
          .sample_mean = arguments.recording.mode.sample_mean,
          .preset = arguments.recording.preset};
}

// The daemon's life
// ---------------------------------------------------------------------------------

std::atomic<bool> stop_requested{false};

void request_stop(int) {
  stop_requested = true;
}

void take_own_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ, SIGTSTP, SIGTTOU, SIGTTIN}) {
    std::signal(signal, SIG_IGN);
  }
  struct sigaction stop {};
  stop.sa_handler = request_stop;
  sigaction(SIGTERM, &stop, nullptr);
}

// Nobody may wait for the end of a pipe that only we hold.
void leave_standard_streams() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null, number);
  if (null > STDERR_FILENO) close(null);
}

void write_line(const collector::FileDescriptor& file, const std::string& text) {
  if (file && write(file.get(), text.data(), text.size()) < 0) return;
}

collector::End end_of(collector::Stop stop, collector::TargetProcess& target,
                      const wire::SessionHeader& header) {
  if (stop == collector::Stop::Requested) return {"running", std::nullopt};
  if (stop == collector::Stop::Execed) return {"execed", std::nullopt};
  if (const auto status = target.wait_status()) {
    return collector::end_of_wait_status(header, *status);
  }
  return collector::end_noted_by(header);
}

// When the machine goes down we and the program are told to end at once: let it go first.
collector::Stop wait_for_last_moment(collector::Stop stop, collector::TargetProcess& target) {
  constexpr std::chrono::milliseconds kLastMoment{300};
  const bool ended = stop == collector::Stop::Requested && target.ended_within(kLastMoment);
  return ended ? collector::Stop::Ended : stop;
}

// Everything that can fail fails before `ready` is written.
void serve(const CollectArguments& arguments, collector::FileDescriptor closing_line,
           collector::FileDescriptor& ready) {
  collector::TargetProcess target(arguments.pid);
  const std::string program = program_name(target);
  NewRecording output(
      arguments.output.empty() ? default_output(program, arguments.pid) : arguments.output,
      Existing::Refuse);
  const collector::RecordingInfo info = describe(arguments, program);
  auto session = collector::SessionFile::create(arguments.session, {info.mode, info.sample_mean});
  output.with(session);
  arguments.recording.apply_to(session.header());
  collector::ask_for_trace(session.header(), arguments.trace, wire::kLargestTraceRing);
  collector::Collector collector(session, output.take(), info);
  arguments.recording.snapshots.apply_to(collector);
  write_line(ready, std::string(kReady));
  ready.close();

  const auto drop_foreign_stream = [&] {
    if (!collector::is_standard_error_of(arguments.pid, closing_line)) closing_line.close();
  };
  collector::Stop stop = collector.run(target, stop_requested, drop_foreign_stream);
  stop = wait_for_last_moment(stop, target);
  if (!collector.heard_from_target()) return;
  output.keep();
  const collector::End end = end_of(stop, target, session.header());
  const Outcome outcome = finish_recording(collector, session, stop, end, Symbols::LookUp);
  write_line(closing_line, fmt::format("heapscribe: {}\n", outcome.sentence));
}

[[noreturn]] void become_daemon(const CollectArguments& arguments,
                                collector::FileDescriptor closing_line,
                                collector::FileDescriptor ready) {
  try {
    setsid();
    take_own_signals();
    leave_standard_streams();
    collector::lift_limits();
    serve(arguments, std::move(closing_line), ready);
  } catch (const std::exception& error) {
    write_line(ready, error.what());
  }
  _exit(kExitFine);
}

int collect(const CollectArguments& arguments) {
  collector::occupy_standard_descriptors();
  collector::close_inherited_descriptors();
  collector::FileDescriptor closing_line = collector::copy_standard_error();
  collector::Pipe ready = collector::make_pipe();
  const pid_t daemon = fork();
  if (daemon < 0) throw std::runtime_error("cannot start the collector: no more processes");
  if (daemon == 0) {
    ready.read_end.close();
    become_daemon(arguments, std::move(closing_line), std::move(ready.write_end));
  }
  ready.write_end.close();
  const std::string answer = collector::read_all(ready.read_end);
  if (answer == kReady) return kExitFine;
  throw std::runtime_error("not recording: " + (answer.empty() ? "the collector died" : answer));
}

}  // namespace

void add_collect_command(CLI::App& app, int& status) {
  auto arguments = std::make_shared<CollectArguments>();
  CLI::App* command = app.add_subcommand("collect", "Record a program that preloaded the library");
  command->group("");  // for the library, not for people
  command->add_option("--pid", arguments->pid)->required()->check(CLI::PositiveNumber);
  command->add_option("--session", arguments->session)->required();
  arguments->recording.add_to(*command);
  command->add_option("--trace", arguments->trace)
      ->check(CLI::IsMember({"block", "drop", "degrade"}));
  command->add_option("--output", arguments->output);
  command->callback([arguments, command, &status] {
    arguments->recording.settle(*command, !arguments->trace.empty());
    status = collect(*arguments);
  });
}

}  // namespace heapscribe::cli
