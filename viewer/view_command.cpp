// heapscribe view: the reports as a page, served or as one file.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "analyzer/cli/command.h"
#include "analyzer/cli/open_capture.h"
#include "analyzer/cli/output.h"
#include "analyzer/cli/progress_line.h"
#include "analyzer/cli/whole_file.h"
#include "analyzer/model/shell_word.h"
#include "analyzer/render/format.h"
#include "analyzer/reports/baseline.h"
#include "viewer/server/http_server.h"
#include "viewer/server/static_page.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): not declared in strict mode

namespace heapscribe::cli {
namespace {

using collector::FileDescriptor;

struct ViewOptions {
  std::string path, other, baseline;
  std::string port = "0";
  std::string file;  // --static
  bool force = false, open = false;

  viewer::Recordings recordings() const {
    const auto given = [](const std::string& name) {
      return name.empty() ? std::nullopt : std::optional(name);
    };
    return {path, given(other), given(baseline)};
  }
};

std::optional<std::uint16_t> port_in(const std::string& text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(port) : std::nullopt;
}

std::string check_port(const std::string& text) {
  return port_in(text) ? "" : fmt::format("'{}' is not a port from 0 to 65535", text);
}

// So that what cannot be read is refused now, not by every view of the page.
void expect_recordings(const viewer::Recordings& recordings) {
  open_capture(recordings.path);
  if (recordings.other) open_capture(*recordings.other);
  if (recordings.baseline) reports::read_baseline(*recordings.baseline);
}

// Leaves it alone; a thread of its own takes note of its end, so that it does not stay as a zombie.
void open_in_browser(std::string address) {
  std::string name = "xdg-open";
  char* arguments[] = {name.data(), address.data(), nullptr};
  pid_t pid = -1;
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const int error = posix_spawnp(&pid, name.c_str(), nullptr, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return note(fmt::format("cannot start xdg-open: {}", std::strerror(error)));
  std::thread([pid] { waitpid(pid, nullptr, 0); }).detach();
}

// nohup asks for that.
bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Readable when we are asked to end. To be made before there are threads, which inherit the mask.
FileDescriptor end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    if (!is_ignored(signal)) sigaddset(&signals, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  FileDescriptor descriptor(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor) {
    throw std::runtime_error(fmt::format("cannot wait for signals: {}", std::strerror(errno)));
  }
  return descriptor;
}

void serve(const ViewOptions& options) {
  viewer::HttpServer server({viewer::built_page(), options.recordings(), HEAPSCRIBE_VERSION},
                            port_in(options.port).value_or(0));
  const FileDescriptor stop = end_signals();
  if (options.open) open_in_browser(server.address());
  print([&](std::ostream& out) { out << server.address() << "  Ctrl-C ends it\n"; });
  server.serve(stop.get());
}

std::string make_static_page(const viewer::Recordings& recordings) {
  ProgressLine progress;
  const viewer::ProcessSlots slots(1);
  const auto answer = [&](const std::string& key) {
    progress.show([&] { return "making the page: " + key; });
    const std::size_t mark = std::min(key.find('?'), key.size());
    const std::string query = key.substr(std::min(mark + 1, key.size()));
    return viewer::run_report(key.substr(0, mark), query, recordings, slots, {});
  };
  return viewer::static_page(viewer::built_page(),
                             {viewer::describe(recordings, HEAPSCRIBE_VERSION).body, answer});
}

void write_static(const ViewOptions& options) {
  const std::string page = make_static_page(options.recordings());
  write_whole_file(options.file, page);
  print([&](std::ostream& out) {
    out << fmt::format("{} is written, {}\n", options.file,
                       render::format_bytes(static_cast<std::int64_t>(page.size())))
        << "It holds the first rows of tables and the largest branches of flame graphs.\n"
           "For all others, filters and time windows: heapscribe view "
        << model::shell_word(options.path) << '\n';
  });
  if (options.open) open_in_browser(std::filesystem::absolute(options.file));
}

// --force replaces pages, not what they show.
void expect_other_file(const std::string& file, const std::string& recording) {
  std::error_code error;
  if (!std::filesystem::equivalent(file, recording, error)) return;
  throw std::runtime_error(fmt::format("--static '{}' is '{}' itself", file, recording));
}

void expect_agreement(const ViewOptions& options, const CLI::App& command) {
  if (command.count("--static") > 0 && options.file.empty()) {
    throw std::runtime_error("--static: '' is no name of a file");
  }
  if (options.file.empty() && options.force) {
    throw std::runtime_error("--force goes with --static: nothing else writes a file");
  }
  if (!options.file.empty() && command.count("--port") > 0) {
    throw std::runtime_error("--port and --static exclude each other: a file needs no server");
  }
  if (!options.file.empty() && !options.force && std::filesystem::exists(options.file)) {
    throw std::runtime_error(fmt::format("'{}' exists already; --force replaces it", options.file));
  }
}

void view(const ViewOptions& options, const CLI::App& command) {
  expect_agreement(options, command);
  expect_recordings(options.recordings());
  expect_other_file(options.file, options.recordings().path);
  if (options.recordings().other) expect_other_file(options.file, *options.recordings().other);
  if (!options.baseline.empty()) expect_other_file(options.file, options.baseline);
  return options.file.empty() ? serve(options) : write_static(options);
}

}  // namespace

void add_view_command(CLI::App& app, int&) {
  auto options = std::make_shared<ViewOptions>();
  CLI::App* command =
      app.add_subcommand("view", "The reports as a page, for the browser on this machine");
  command->add_option("DB", options->path, "The recording to look at")->required()->type_name("");
  command->add_option("OTHER", options->other, "Another, to compare it with")->type_name("");
  command
      ->add_option("--baseline", options->baseline,
                   "Show also how the recording stands against this baseline of check")
      ->type_name("FILE");
  command->add_option("--port", options->port, "Where to serve it (default: any that is free)")
      ->type_name("N")
      ->check(CLI::Validator(check_port, ""));
  command
      ->add_option("--static", options->file,
                   "Write the page with what it shows into one file instead, to be passed on")
      ->type_name("FILE");
  command->add_flag("--force", options->force, "Replace that file if it exists");
  command->add_flag("--open", options->open, "Open it with xdg-open");
  command->footer(
      "Only this machine can reach the page, and only who knows its address, which\n"
      "has a new random part each time. Nothing can be changed through it.");
  command->callback([options, command] { view(*options, *command); });
}

}  // namespace heapscribe::cli
