#include "preload/launch_collector.h"

#include <dlfcn.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <string_view>

#include "preload/config.h"
#include "preload/platform/kernel.h"
#include "preload/platform/notice.h"
#include "preload/platform/pages.h"
#include "preload/platform/text.h"

namespace heapscribe {
namespace {

constexpr std::size_t kPathBytes = 1024;
constexpr std::size_t kStackBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxEnvironment = 8192;

constinit platform::Text<kPathBytes> session_path;

// LIBRARY/../bin/heapscribe, unless the user says otherwise.
const char* collector_program() {
  static constinit platform::Text<kPathBytes> path;
  if (*config.collector != '\0') return config.collector;
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&collector_program), &info) == 0) return nullptr;
  const std::string_view library(info.dli_fname);
  const std::size_t folder = library.rfind('/');
  path << (folder == std::string_view::npos ? "." : library.substr(0, folder))
       << "/../bin/heapscribe";
  return path.c_str();
}

void name_session(std::uint64_t pid) {
  session_path << config.session_dir << "/heapscribe-" << pid << "-";
  session_path.hex(platform::clock_ns(CLOCK_REALTIME)) << ".session";
}

struct Command {
  const char* program;
  const char* arguments[20];
  char** environment;
};

// The collector must not be recorded itself.
char** environment_without_preload(char** environment) {
  auto** copy = static_cast<char**>(platform::map_pages(kMaxEnvironment * sizeof(char*)));
  if (copy == nullptr) return nullptr;
  std::size_t count = 0;
  for (char** entry = environment; *entry != nullptr && count + 1 < kMaxEnvironment; ++entry) {
    if (!std::string_view(*entry).starts_with("LD_PRELOAD=")) copy[count++] = *entry;
  }
  return copy;
}

int become_collector(void* argument) {
  const auto& command = *static_cast<const Command*>(argument);
  platform::system_call(SYS_execve, platform::as_argument(command.program),
                        platform::as_argument(command.arguments),
                        platform::as_argument(command.environment));
  platform::system_call(SYS_exit, 127);
  return 127;
}

// A process that adopts orphans would find the collector among its children, wait for it, and be
// waited for: each for ever.
bool adopts_orphans() {
  int subreaper = 0;
  platform::system_call(SYS_prctl, PR_GET_CHILD_SUBREAPER, platform::as_argument(&subreaper));
  return subreaper != 0 || platform::system_call(SYS_getpid) == 1;
}

constexpr std::uint64_t kChildSignal = std::uint64_t{1} << (SIGCHLD - 1);

bool child_signal_is_pending() {
  std::uint64_t pending = 0;
  platform::system_call(SYS_rt_sigpending, platform::as_argument(&pending), sizeof pending);
  return (pending & kChildSignal) != 0;
}

// Where SIGCHLD is blocked from the start, that of the collector's first process would stay
// pending.
void take_child_signal() {
  const timespec now{};
  platform::system_call(SYS_rt_sigtimedwait, platform::as_argument(&kChildSignal), 0,
                        platform::as_argument(&now), sizeof kChildSignal);
}

// Runs the command to its end and returns its wait status; 0 if the kernel does not tell because
// the target ignores SIGCHLD (then the session's absence will). The child shares our memory until
// it becomes the collector. From then on its end raises SIGCHLD like any child's (execve sees to
// that); nobody in the target can have asked for that signal yet.
int run_unseen(Command& command) {
  void* stack = platform::map_pages(kStackBytes);
  if (stack == nullptr) return -1;
  const int child = clone(become_collector, static_cast<char*>(stack) + kStackBytes,
                          CLONE_VM | CLONE_VFORK, &command);
  int status = 0;
  if (child > 0) {
    while (platform::system_call(SYS_wait4, child, platform::as_argument(&status), __WALL) ==
           -EINTR) {
    }
  }
  platform::unmap_pages(stack, kStackBytes);
  return child > 0 ? status : -1;
}

}  // namespace

const char* launch_collector(char** environment) {
  if (adopts_orphans()) {
    platform::notice("not recording: an init process or subreaper needs `heapscribe run`");
    return nullptr;
  }
  const long pid = platform::system_call(SYS_getpid);
  name_session(static_cast<std::uint64_t>(pid));
  platform::Text<24> pid_text;
  pid_text << static_cast<std::uint64_t>(pid);
  const char* program = collector_program();
  if (program == nullptr) return nullptr;
  Command command{
      program,
      {program, "collect", "--pid", pid_text.c_str(), "--session", session_path.c_str(), "--mode",
       config.mode, "--unwinder", config.unwinder, "--sample", config.sample, nullptr},
      environment_without_preload(environment)};
  if (command.environment == nullptr) return nullptr;
  const char** next = command.arguments + 12;
  if (*config.output != '\0') {
    *next++ = "--output";
    *next++ = config.output;
  }
  if (*config.trace != '\0') {
    *next++ = "--trace";
    *next++ = config.trace;
  }
  const bool was_pending = child_signal_is_pending();
  const int status = run_unseen(command);
  if (!was_pending && child_signal_is_pending()) take_child_signal();
  platform::unmap_pages(command.environment, kMaxEnvironment * sizeof(char*));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return session_path.c_str();
  // The collector has said why, unless it could not be started at all.
  if (status == -1 || (WIFEXITED(status) && WEXITSTATUS(status) == 127)) {
    platform::notice("not recording: cannot start ", program);
  }
  return nullptr;
}

}  // namespace heapscribe
