#include "viewer/server/report_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <system_error>
#include <utility>

extern char** environ;  // NOLINT(readability-redundant-declaration): not declared in strict mode

namespace heapscribe::viewer {
namespace {

using collector::FileDescriptor;

[[noreturn]] void fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

struct Pipe {
  FileDescriptor read_end, write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno, "cannot make a pipe");
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// Whatever it was asked: a regular expression can want any amount of memory, and should we be
// killed, nobody ends it.
void bound(pid_t pid) {
  constexpr rlim_t kMemory = rlim_t{4} << 30;
  constexpr rlim_t kSeconds = 60;
  const rlimit memory{kMemory, kMemory};
  const rlimit time{kSeconds, kSeconds + 1};
  prlimit(pid, RLIMIT_AS, &memory, nullptr);
  prlimit(pid, RLIMIT_CPU, &time, nullptr);
}

// What the process starts with: its streams, and the signals as they were before we changed ours.
class SpawnSettings {
 public:
  SpawnSettings(int output, int errors) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
    sigset_t none;
    sigset_t ours;
    sigemptyset(&none);
    sigemptyset(&ours);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) sigaddset(&ours, signal);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &ours);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  pid_t spawn(const char* program, const std::vector<std::string>& command) const {
    std::vector<std::string> words = command;
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t pid = -1;
    const int error =
        posix_spawn(&pid, program, &actions_, &attributes_, arguments.data(), environ);
    if (error != 0) fail(error, "cannot start the report");
    bound(pid);
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// A process that is ours to end and to wait for.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { end(); }

  // Its wait status, if it has ended.
  std::optional<int> ended() {
    if (pid_ > 0 && waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
    return pid_ > 0 ? std::nullopt : std::optional(status_);
  }
  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }

 private:
  pid_t pid_;
  int status_ = 0;
};

struct Stream {
  FileDescriptor source;
  std::string* text;
  std::size_t limit;
  bool overflowed = false;

  // Takes what is there; closes the source at its end.
  void read() {
    std::array<char, 1 << 16> buffer;  // NOLINT: filled by read
    const ssize_t count = ::read(source.get(), buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count <= 0) return source.close();
    const std::size_t wanted =
        std::min(static_cast<std::size_t>(count), limit - std::min(limit, text->size()));
    overflowed |= wanted < static_cast<std::size_t>(count);
    text->append(buffer.data(), wanted);
  }
};

std::optional<Ending> refused(Waited waited) {
  if (waited == Waited::Interrupted) return Ending::Interrupted;
  if (waited == Waited::TimedOut) return Ending::TooSlow;
  return std::nullopt;
}

// Until both streams are at their end; otherwise tells why it stopped.
std::optional<Ending> read_streams(Stream& output, Stream& errors, Clock::time_point deadline,
                                   const Interruptions& interruptions) {
  while (output.source || errors.source) {
    std::vector<pollfd> wanted;
    for (const Stream* stream : {&output, &errors}) {
      wanted.push_back({stream->source ? stream->source.get() : -1, POLLIN, 0});
    }
    if (const auto ending = refused(wait_for(wanted, deadline, interruptions))) return ending;
    if (wanted[0].revents != 0) output.read();
    if (wanted[1].revents != 0) errors.read();
    if (output.overflowed) return Ending::TooLarge;
  }
  return std::nullopt;
}

// A process that has closed its streams is about to end, or is not one of ours.
std::optional<Ending> wait_for_end(Child& child, Clock::time_point deadline,
                                   const Interruptions& interruptions) {
  constexpr std::chrono::milliseconds kPause{1};
  std::vector<pollfd> nothing;
  while (!child.ended()) {
    const auto next = std::min(deadline, Clock::now() + kPause);
    if (wait_for(nothing, next, interruptions) == Waited::Interrupted) return Ending::Interrupted;
    if (Clock::now() >= deadline) return Ending::TooSlow;
  }
  return std::nullopt;
}

}  // namespace

Finished run_process(const char* program, const std::vector<std::string>& command,
                     const ProcessLimits& limits, const Interruptions& interruptions) {
  const auto deadline = Clock::now() + limits.time;
  Finished finished;
  Pipe output = make_pipe();
  Pipe errors = make_pipe();
  Child child(
      SpawnSettings(output.write_end.get(), errors.write_end.get()).spawn(program, command));
  output.write_end.close();
  errors.write_end.close();
  Stream out{std::move(output.read_end), &finished.output, limits.output};
  Stream err{std::move(errors.read_end), &finished.errors, limits.errors};
  auto stopped = read_streams(out, err, deadline, interruptions);
  if (!stopped) stopped = wait_for_end(child, deadline, interruptions);
  if (stopped) {
    child.end();
    finished.ending = *stopped;
    return finished;
  }
  const int status = child.ended().value_or(0);
  finished.ending = WIFEXITED(status) ? Ending::Exited : Ending::Crashed;
  finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  return finished;
}

ProcessSlots::ProcessSlots(unsigned count)
    : slots_(eventfd(count, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)) {
  if (!slots_) fail(errno, "cannot count processes");
}

ProcessSlots::Slot ProcessSlots::take(std::chrono::milliseconds patience,
                                      const Interruptions& interruptions) const {
  const auto deadline = Clock::now() + patience;
  std::vector<pollfd> wanted = {{slots_.get(), POLLIN, 0}};
  while (wait_for(wanted, deadline, interruptions) == Waited::Ready) {
    eventfd_t one = 0;
    if (eventfd_read(slots_.get(), &one) == 0) return Slot(slots_.get());  // else another was first
  }
  return Slot(-1);
}

ProcessSlots::Slot::~Slot() {
  if (slots_ >= 0) eventfd_write(slots_, 1);
}

}  // namespace heapscribe::viewer
