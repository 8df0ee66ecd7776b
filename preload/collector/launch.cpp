#include "preload/collector/launch.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include "preload/collector/target_check.h"

namespace heapscribe::collector {
namespace {

constexpr char kGo = 'G';

void write_all(const FileDescriptor& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t length = write(file.get(), text.data(), text.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return;
    text.remove_prefix(static_cast<std::size_t>(length));
  }
}

// The child's side of start(): "G", then name and value of every change, each ended by a zero.
std::string message_of(const Environment& changes) {
  std::string message(1, kGo);
  for (const auto& [name, value] : changes) message += name + '\0' + value + '\0';
  return message;
}

// What the library will take out again; it can do so without a trace only in pairs (config.h).
std::size_t entries_to_hide() {
  const char* allocator = std::getenv("HEAPSCRIBE_ALLOCATOR");
  const std::string below = std::string(":") + (allocator != nullptr ? allocator : "");
  std::size_t count = 0;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    if (text.ends_with(below)) text.remove_suffix(below.size());
    const bool only_ours = text.starts_with("LD_PRELOAD=") && text.find(':') == std::string::npos;
    if (text.starts_with("HEAPSCRIBE_") || only_ours) ++count;
  }
  return count;
}

void change_environment(std::string_view changes) {
  while (!changes.empty()) {
    const std::string name(changes.substr(0, changes.find('\0')));
    changes.remove_prefix(name.size() + 1);
    const std::string value(changes.substr(0, changes.find('\0')));
    changes.remove_prefix(value.size() + 1);
    setenv(name.c_str(), value.c_str(), 1);
  }
  if (entries_to_hide() % 2 != 0) setenv("HEAPSCRIBE_PAD", "1", 1);
}

[[noreturn]] void become(const std::vector<std::string>& command, const FileDescriptor& go,
                         const FileDescriptor& outcome) {
  const std::string message = read_all(go);
  if (message.empty() || message.front() != kGo) _exit(EXIT_FAILURE);
  change_environment(std::string_view(message).substr(1));
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments.front(), arguments.data());
  const int error = errno;
  write_all(outcome, {reinterpret_cast<const char*>(&error), sizeof error});
  _exit(EXIT_FAILURE);
}

std::atomic<pid_t> forward_to{0};
static_assert(std::atomic<pid_t>::is_always_lock_free, "read in a signal handler");

// What the terminal sends (SI_KERNEL) goes to the whole group: the program has it already.
void forward(int signal, siginfo_t* info, void*) {
  const int saved = errno;
  const pid_t child = forward_to.load();
  if (child > 0 && info->si_code != SI_KERNEL) kill(child, signal);
  errno = saved;
}

bool is_ignored(int signal) {
  struct sigaction current {};
  return sigaction(signal, nullptr, &current) == 0 && current.sa_handler == SIG_IGN;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

void handle_with_origin(int signal, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  sigaction(signal, &action, nullptr);
}

}  // namespace

WaitingProgram::WaitingProgram(const std::vector<std::string>& command) {
  Pipe go = make_pipe();
  Pipe outcome = make_pipe();
  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "cannot start a process");
  if (pid_ == 0) {
    go.write_end.close();
    outcome.read_end.close();
    become(command, go.read_end, outcome.write_end);
  }
  go_ = std::move(go.write_end);
  outcome_ = std::move(outcome.read_end);
}

WaitingProgram::~WaitingProgram() {
  if (pid_ < 0) return;
  go_.close();
  wait();
}

int WaitingProgram::start(const Environment& changes) {
  write_all(go_, message_of(changes));
  go_.close();
  const std::string answer = read_all(outcome_);
  outcome_.close();
  int error = 0;
  if (answer.size() == sizeof error) answer.copy(reinterpret_cast<char*>(&error), sizeof error);
  return error;
}

// Once the child has been waited for its id may be somebody else's: nothing is forwarded then.
int WaitingProgram::wait() {
  siginfo_t ended{};
  while (waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  forward_to = 0;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

void forward_signals_to(pid_t child) {
  forward_to = child;
  handle(SIGCHLD, SIG_DFL);  // ignored, it would keep the child's status from us
  for (const int signal : {SIGPIPE, SIGXFSZ}) handle(signal, SIG_IGN);
  for (const int signal : {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM}) {
    if (!is_ignored(signal)) handle_with_origin(signal, forward);
  }
}

void lift_limits() {
  for (const auto resource :
       {RLIMIT_AS, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_STACK}) {
    rlimit limit{};
    if (getrlimit(resource, &limit) != 0) continue;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(resource, &limit);
  }
}

Environment library_environment(const LibrarySettings& settings) {
  const char* users = std::getenv("LD_PRELOAD");
  std::string preload = settings.library;
  if (settings.allocator.starts_with('/')) preload += ":" + settings.allocator;
  if (users != nullptr && *users != '\0') preload += std::string(":") + users;
  return {{"LD_PRELOAD", preload},
          {"HEAPSCRIBE_SESSION", settings.session},
          {"HEAPSCRIBE_MODE", settings.mode},
          {"HEAPSCRIBE_UNWINDER", settings.unwinder},
          {"HEAPSCRIBE_ALLOCATOR", settings.allocator}};
}

std::string find_library() {
  const char* chosen = std::getenv("HEAPSCRIBE_LIBRARY");
  std::array<char, PATH_MAX> self{};
  std::string candidate;
  if (chosen != nullptr && *chosen != '\0') {
    candidate = chosen;
  } else if (readlink("/proc/self/exe", self.data(), self.size() - 1) > 0) {
    const std::string program(self.data());
    candidate = program.substr(0, program.rfind('/')) + "/../lib/libheapscribe.so";
  }
  std::array<char, PATH_MAX> absolute{};
  if (realpath(candidate.c_str(), absolute.data()) == nullptr ||
      access(absolute.data(), R_OK) != 0) {
    throw UnfitTarget(
        fmt::format("the library '{}' is missing; set HEAPSCRIBE_LIBRARY to its place", candidate));
  }
  std::string library(absolute.data());
  if (library.find_first_of(": ") != std::string::npos) {
    throw UnfitTarget(fmt::format(
        "the library's path '{}' has a space or colon, which LD_PRELOAD cannot hold; move it",
        library));
  }
  return library;
}

}  // namespace heapscribe::collector
