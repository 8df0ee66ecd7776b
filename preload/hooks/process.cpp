// Ends of the process: noted in the session, then passed on. What cannot be noticed here (signals,
// raw system calls) the collector learns from the kernel.
#include <sys/types.h>
#include <unistd.h>

#include <cstdarg>
#include <cstring>

#include "preload/census/census.h"
#include "preload/entry.h"
#include "preload/hooks/record.h"
#include "preload/memory/pool.h"
#include "preload/platform/kernel.h"

// Written by the stubs at the end. Several threads may leave at once: then it is the last one's.
extern "C" {
[[gnu::used, gnu::visibility("hidden")]] heapscribe::census::Departure heapscribe_departure;
}

namespace {

using heapscribe::bootstrap::is_recording;
using heapscribe::bootstrap::real;
using heapscribe::wire::EndKind;

// A vfork child shares our memory but is not the process that is being recorded. Under a seccomp
// filter the question could be deadly; whoever is restricted is taken for the recorded process.
bool is_recorded_process() {
  if (!is_recording()) return false;
  const auto& session = heapscribe::record::session;
  if (session.is_restricted()) return true;
  const long pid = heapscribe::platform::system_call(SYS_getpid);
  return static_cast<std::uint32_t>(pid) == session.header().pid;
}

void note_end(EndKind kind, int status) {
  if (!is_recorded_process()) return;
  heapscribe::memory::publish_everything();
  auto& header = heapscribe::record::session.header();
  header.end_status.store(status, std::memory_order_relaxed);
  header.end_kind.store(kind, std::memory_order_release);
}

// A departure that lies further out on the stack we are on; else the frame we are in, which is not
// as exact: what libc has left below the program's frames counts as alive.
void take_census() {
  if (!is_recorded_process()) return;
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  constexpr std::uintptr_t kFar = std::uintptr_t{1} << 20;
  if (heapscribe_departure.sp - here < kFar) {
    return heapscribe::census::take_last_census(&heapscribe_departure);
  }
  if (heapscribe::census::program_has_returned())
    return heapscribe::census::take_last_census(nullptr);
  const heapscribe::census::Departure inexact{{}, here};
  heapscribe::census::take_last_census(&inexact);
}

// Notes the exec, tries it, and takes the note back when it returns.
template <typename Call>
int exec_noted(const char* path, Call call) {
  if (real.execve == nullptr) heapscribe::start();
  if (path != nullptr && is_recorded_process()) {
    auto& header = heapscribe::record::session.header();
    std::strncpy(header.exec_path, path, sizeof header.exec_path - 1);
  }
  note_end(EndKind::Exec, 0);
  const int result = call();
  note_end(EndKind::Unknown, 0);
  return result;
}

}  // namespace

namespace heapscribe {

// Registered with on_exit, so it sees the status of exit() and of a return from main. Registered
// first, so it runs last.
void note_exit(int status, void*) {
  note_end(EndKind::Exit, status);
  take_census();
}

void note_quick_exit(void*) {
  take_census();
}

}  // namespace heapscribe

#pragma GCC visibility push(default)
extern "C" {

// What follows the stubs.
#define HEAPSCRIBE_AFTER_STUB [[gnu::used, gnu::visibility("hidden"), noreturn]]

HEAPSCRIBE_AFTER_STUB void heapscribe_exit(int status) {
  if (real.exit_program == nullptr) heapscribe::start();
  real.exit_program(status);  // comes back to note_exit
  __builtin_unreachable();
}

HEAPSCRIBE_AFTER_STUB void heapscribe_exit_now(int status) {
  if (real.exit_now == nullptr) heapscribe::start();
  note_end(EndKind::ImmediateExit, status);
  take_census();
  real.exit_now(status);
  __builtin_unreachable();
}

HEAPSCRIBE_AFTER_STUB void heapscribe_exit_quickly(int status) {
  if (real.exit_quickly == nullptr) heapscribe::start();
  note_end(EndKind::QuickExit, status);
  real.exit_quickly(status);  // comes back to note_quick_exit
  __builtin_unreachable();
}

// The registers as the program left them, before a compiler uses them for something else.
#define HEAPSCRIBE_DEPART(next)                  \
  asm("lea heapscribe_departure(%rip), %rax\n\t" \
      "mov %rbx, 0(%rax)\n\t"                    \
      "mov %rbp, 8(%rax)\n\t"                    \
      "mov %r12, 16(%rax)\n\t"                   \
      "mov %r13, 24(%rax)\n\t"                   \
      "mov %r14, 32(%rax)\n\t"                   \
      "mov %r15, 40(%rax)\n\t"                   \
      "lea 8(%rsp), %rdx\n\t"                    \
      "mov %rdx, 48(%rax)\n\t"                   \
      "jmp " next)

[[gnu::naked]] void exit(int) noexcept {
  HEAPSCRIBE_DEPART("heapscribe_exit");
}
[[gnu::naked]] void _exit(int) {
  HEAPSCRIBE_DEPART("heapscribe_exit_now");
}
[[gnu::naked]] void _Exit(int) noexcept {
  HEAPSCRIBE_DEPART("heapscribe_exit_now");
}
[[gnu::naked]] void quick_exit(int) noexcept {
  HEAPSCRIBE_DEPART("heapscribe_exit_quickly");
}

void abort() noexcept {
  if (real.abort == nullptr) heapscribe::start();
  note_end(EndKind::Abort, 0);
  real.abort();
  __builtin_unreachable();
}

int execve(const char* path, char* const* arguments, char* const* environment) noexcept {
  return exec_noted(path, [=] { return real.execve(path, arguments, environment); });
}

int execv(const char* path, char* const* arguments) noexcept {
  return exec_noted(path, [=] { return real.execv(path, arguments); });
}

int execvp(const char* file, char* const* arguments) noexcept {
  return exec_noted(file, [=] { return real.execvp(file, arguments); });
}

int execvpe(const char* file, char* const* arguments, char* const* environment) noexcept {
  return exec_noted(file, [=] { return real.execvpe(file, arguments, environment); });
}

int fexecve(int descriptor, char* const* arguments, char* const* environment) noexcept {
  return exec_noted("(descriptor)",
                    [=] { return real.fexecve(descriptor, arguments, environment); });
}

int execveat(int folder, const char* path, char* const* arguments, char* const* environment,
             int flags) noexcept {
  return exec_noted(path,
                    [=] { return real.execveat(folder, path, arguments, environment, flags); });
}

// The list forms gather their arguments on the stack, as libc does, since a vfork child may call
// them. `arguments` starts with `first`.
#define HEAPSCRIBE_GATHER(first)                                                         \
  std::va_list list;                                                                     \
  va_start(list, first);                                                                 \
  std::va_list counted;                                                                  \
  va_copy(counted, list);                                                                \
  std::size_t count = 1;                                                                 \
  while (va_arg(counted, char*) != nullptr) ++count;                                     \
  va_end(counted);                                                                       \
  auto** arguments = static_cast<char**>(__builtin_alloca((count + 1) * sizeof(char*))); \
  arguments[0] = const_cast<char*>(first);                                               \
  for (std::size_t i = 1; i <= count; ++i) arguments[i] = va_arg(list, char*)

int execl(const char* path, const char* first, ...) noexcept {
  HEAPSCRIBE_GATHER(first);
  va_end(list);
  return execv(path, arguments);
}

int execlp(const char* file, const char* first, ...) noexcept {
  HEAPSCRIBE_GATHER(first);
  va_end(list);
  return execvp(file, arguments);
}

int execle(const char* path, const char* first, ...) noexcept {
  HEAPSCRIBE_GATHER(first);
  char* const* environment = va_arg(list, char* const*);
  va_end(list);
  return execve(path, arguments, environment);
}
}
#pragma GCC visibility pop
